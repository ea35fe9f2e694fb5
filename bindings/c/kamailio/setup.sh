#!/bin/sh
# Installs what is needed to build and test the module on Debian 12: Kamailio, sipp, and Kamailio's source package,
# since Debian has no package with its headers. Run it once, as root; it needs the network.
#
#     setup.sh [DIRECTORY]      where to put the source; by default /usr/local/src
#
# It adds the file /etc/apt/sources.list.d/wazo-auth-client-src.list, with a deb-src line; delete the file to undo that.
# It compiles nothing of Kamailio: `make cfg` only writes the compiler flags to a file.
set -eu

directory=${1:-/usr/local/src}
. /etc/os-release

cat > /etc/apt/sources.list.d/wazo-auth-client-src.list << END
# Added by wazo-auth-client, bindings/c/kamailio/setup.sh: the headers for Kamailio modules.
deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $VERSION_CODENAME main
END
apt-get update
apt-get install --yes --no-install-recommends kamailio kamailio-lua-modules kamailio-python3-modules \
    sip-tester gcc make dpkg-dev libc6-dev

# The same version as the installed one: Kamailio refuses modules of any other.
version=$(dpkg-query --show --showformat='${Version}' kamailio)
source=$directory/kamailio-${version%-*}
mkdir -p "$directory"
if [ ! -d "$source" ]; then
    cd "$directory"
    # Run by root, apt would download as its own user, who may not write here.
    apt-get --option APT::Sandbox::User=root source --only-source "kamailio=$version"
fi
# The same settings as in debian/rules, as far as the flags of modules depend on them.
make -C "$source" cfg FLAVOUR=kamailio prefix=/usr cfg_target=/etc/kamailio/
echo "Kamailio's headers are in $source"
