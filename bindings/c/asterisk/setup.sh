#!/bin/sh
# Gets what is needed to build and test the module on a system that has no Asterisk: Asterisk and its headers.
#
#     setup.sh [DIRECTORY]      where to put them; by default build/asterisk in the repository
#
# Debian 12 and 13 have no package of Asterisk. So this downloads those of Debian's unstable suite, which has the present
# version, with the libraries that they need, down to the C library, and unpacks them into the directory. It installs
# nothing, runs nothing of what it downloads, changes no file outside of the directory, and needs no root. apt checks
# the signatures. About 85 MB are downloaded and 200 MB written; delete the directory's `root` to undo it.
#
#     ASTERISK_SUITE    another suite that has Asterisk (default: sid)
#     ASTERISK_MIRROR   another mirror (default: http://deb.debian.org/debian)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
directory=${1:-$here/../../../build/asterisk}
suite=${ASTERISK_SUITE:-sid}
mirror=${ASTERISK_MIRROR:-http://deb.debian.org/debian}
keys=/usr/share/keyrings/debian-archive-keyring.gpg

for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || {
        echo "setup.sh: $tool is missing: this needs Debian or a system like it. Install Asterisk and its headers, and set ASTERISK_INCLUDE" >&2
        exit 1
    }
done
[ -f "$keys" ] || {
    echo "setup.sh: $keys is missing: apt-get install debian-archive-keyring" >&2
    exit 1
}

# What an earlier run left; nothing else that the directory may hold.
rm -rf "$directory/root" "$directory/root.new" "$directory/apt"
mkdir -p "$directory/apt/lists/partial" "$directory/apt/cache/archives/partial"
directory=$(cd "$directory" && pwd)
apt=$directory/apt
trap 'rm -rf "$apt"' EXIT

# An apt of its own: its sources, its lists, its cache. With an empty list of installed packages it names every library,
# so that Asterisk does not depend on what this system has.
echo "deb [signed-by=$keys] $mirror $suite main" >"$apt/sources.list"
: >"$apt/status"
cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
END
export APT_CONFIG="$apt/apt.conf"

apt-get --quiet --quiet update
apt-get --quiet --quiet --yes --download-only install asterisk
# The headers alone: what the package depends on is for building Debian packages.
(cd "$apt/cache/archives" && apt-get --quiet --quiet download asterisk-dev)

# Programs and libraries: no script of a package runs, so the tools of these scripts are not needed. Under a temporary name
# until it is complete.
root=$directory/root
for package in "$apt"/cache/archives/*.deb; do
    case ${package##*/} in
    *sounds* | *perl*) ;;
    asterisk* | lib* | zlib*) dpkg-deb --extract "$package" "$root.new" ;;
    esac
done
mv "$root.new" "$root"
version=$(dpkg-deb --field "$(ls "$apt"/cache/archives/asterisk_*.deb)" Version)
echo "Asterisk $version and its headers are in $root"
