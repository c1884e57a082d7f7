#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Manual pages: each program has one, mandoc finds no fault, and it names every option.
. test/check/tree.sh

programs='weftd:controller/weftd:8 weft-agent:agent/weft-agent:8 weft:cli/weft:1'

# Every long option of --help stands in the page.
options() { # PROGRAM PAGE
	local option bad=0
	for option in $("$1" --help 2>&1 | grep -oE '(^|[ ,[(])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qE -- "(Fl Fl |--)${option#--}( |$|[^a-z-])" "$2" || { echo "$2 does not name $option"; bad=1; }
	done
	return $bad
}

# What the program prints stands in the page as it is.
metrics() { # PROGRAM PAGE
	local listed page
	listed=$("$1" --print-metrics) && page=$(cat "$2") || return
	[ -n "$listed" ] || { echo "$1 lists no metrics"; return 1; }
	case $page in *"$listed"*) return ;; esac
	echo "METRICS of $2 is not what $1 --print-metrics prints:"
	printf '%s\n' "$listed" | grep -vxFf "$2"
	return 1
}

for entry in $programs; do
	IFS=: read -r name binary section <<<"$entry"
	page=doc/$name.$section
	check "$name($section): there" test -s "$page" || continue
	check "$name($section): mandoc finds no fault" mandoc -T lint -W warning "$page"
	check "$name($section): names every option of --help" options "$BUILD/$binary" "$page"
	case $name in
	weftd | weft-agent) check "$name($section): has every metric" metrics "$BUILD/$binary" "$page" ;;
	esac
done
for page in $(tree_files 'doc/*.[1-9]'); do
	case " $programs " in *" $(basename "${page%.*}"):"*) continue ;; esac
	check "$(basename "$page"): mandoc finds no fault" mandoc -T lint -W warning "$page"
done
reference() { # no fault in what is printed
	"$BUILD/controller/weftd" --print-reference >"$BUILD/weft-api.7" &&
		mandoc -T lint -W warning "$BUILD/weft-api.7"
}
check "weft-api(7): mandoc finds no fault" reference
tests_end
