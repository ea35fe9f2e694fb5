#!/bin/sh
# Installs what is needed to build and test the module on Debian 12: nginx, nginx-dev with the headers and settings of
# Debian's build, and wrk for the figures of README.md. Run it once, as root; it needs the network.
#
# nginx's service is not started: a file policy-rc.d, which is removed again, is Debian's way to say so. Where there is
# one already, the administrator has decided.
set -eu

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends nginx nginx-dev wrk gcc make libc6-dev
echo "nginx's headers are in /usr/share/nginx/src; to keep its service off: systemctl disable nginx"
