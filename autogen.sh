#!/bin/sh
# Makes ./configure from configure.ac and Makefile.am.
set -eu
cd "$(dirname "$0")"

need() {
    command -v "$1" >/dev/null 2>&1 && return
    echo "autogen.sh: $1 not found; on Debian: apt-get install $2" >&2
    exit 1
}
need autoreconf autoconf
need automake automake
need libtoolize libtool
need pkg-config pkg-config

mkdir -p m4 # aclocal warns when it is missing
exec autoreconf --install --force --warnings=all
