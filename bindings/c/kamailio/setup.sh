#!/bin/sh
# Installs what the module is built and tested with on Debian 12: Kamailio, sipp, and Kamailio's source package, whose
# headers Debian has in no package of their own. Run once, as root; needs the network.
#
#     setup.sh [DIRECTORY]      where the source goes, /usr/local/src by default
#
# It adds a file of its own, /etc/apt/sources.list.d/wazo-auth-client-src.list, with a deb-src line; delete it to undo.
# Nothing of Kamailio is compiled: `make cfg` only writes down the flags that this source is compiled with.
set -eu

directory=${1:-/usr/local/src}
. /etc/os-release

cat > /etc/apt/sources.list.d/wazo-auth-client-src.list << END
# Added by wazo-auth-client, bindings/c/kamailio/setup.sh: the headers for Kamailio modules.
deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $VERSION_CODENAME main
END
apt-get update
apt-get install --yes --no-install-recommends kamailio sip-tester gcc make dpkg-dev libc6-dev

# The very version that is installed: Kamailio refuses modules of any other.
version=$(dpkg-query --show --showformat='${Version}' kamailio)
source=$directory/kamailio-${version%-*}
mkdir -p "$directory"
if [ ! -d "$source" ]; then
    cd "$directory"
    # As root apt would hand the download to its own user, who may not write here.
    apt-get --option APT::Sandbox::User=root source --only-source "kamailio=$version"
fi
# What debian/rules gives to it, as far as the flags of modules depend on it.
make -C "$source" cfg FLAVOUR=kamailio prefix=/usr cfg_target=/etc/kamailio/
echo "Kamailio's headers are in $source"
