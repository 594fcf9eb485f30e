#!/bin/sh
# Installs the outside programs that the tests drive, where they are absent:
# each line below is a Debian package and a program that it brings.
set -eu

missing=
while read -r package program; do
	# shellcheck disable=SC2086 # a pattern
	ls $program >/dev/null 2>&1 || command -v "$program" >/dev/null 2>&1 || missing="$missing $package"
done <<END
sip-tester sipp
mmdebstrap mmdebstrap
postgresql /usr/lib/postgresql/*/bin/initdb
chromium chromium
lintian lintian
systemd systemd-analyze
curl curl
gcc gcc
libc6-dev /usr/include/stdlib.h
END
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "The tests need programs that are not installed. Please run, once:" >&2
	echo "    sudo apt-get install --no-install-recommends$missing" >&2
	[ -n "${CI:-}" ] && exit 1
	echo "Until then the tests that need them are skipped." >&2
	exit 0
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
# shellcheck disable=SC2086 # a list of packages
apt-get install -y -q --no-install-recommends $missing >/dev/null
