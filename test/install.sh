#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of the named groups of test/packages.txt that are missing.
set -eu
here=$(dirname "$0")
missing=
for group in "$@"; do
	for package in $(sed -n "s/^$group //p" "$here/packages.txt"); do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
			missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "missing packages, install them as root:$missing" >&2; exit 1; }
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# Servers started by the tests are started by the tests: keep the packages from starting their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
	trap 'rm -f $policy' EXIT
fi
apt-get update -qq >&2
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
