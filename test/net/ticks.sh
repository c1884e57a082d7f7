# SPDX-License-Identifier: Apache-2.0
# A TCP stream that a firewall stops and lets go on.
# shellcheck shell=bash

ticks_arrived() { wc -l <"$CLOUD_DIR/ticks"; }
ticks_more() { local before; before=$(ticks_arrived); sleep 0.1; [ "$(ticks_arrived)" -gt "$before" ]; }
ticks_no_more() { ! ticks_more; }

ticks_begin() { # FROM TO ADDRESS: the stream, from one workload to another
	cloud_start take "$2" "$here/ticks.py" take 85 "$CLOUD_DIR/ticks"
	cloud_wait 3 listening "$2" 85
	cloud_start give "$1" "$here/ticks.py" give "$3" 85
	check "a stream from $1 to $2" cloud_wait 5 ticks_more
}
ticks_end() {
	cloud_stop give
	cloud_stop take
}

ticks_stop_and_go() { # NAME STOP GO: commands that close the way and open it again
	local told last
	$2
	told=$(date +%s%N)
	sleep 1
	check "$1: an open stream stops" ticks_no_more
	last=$(tail -n 1 "$CLOUD_DIR/ticks")
	echo "     $1: the last part came $(((last - told) / 1000)) us after the API's reply"
	$3
	check "$1: put back, it goes on" cloud_wait 20 ticks_more
	check "$1: and it is the same" cloud_running give
}
