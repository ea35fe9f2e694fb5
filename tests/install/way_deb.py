"""The Debian packages: built, looked at by lintian, and installed and used in a clean Debian 12."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

from run import QUICKSTART, ROOT, SHOWN, begin
import process

ABOUT = 'make deb; the packages in a clean Debian 12 made by debootstrap'
DEBS = ROOT / 'build' / 'dist'
# Debian without anything of ours, kept for the next time.
CLEAN = ROOT / 'build' / 'roots' / 'bookworm'
PACKAGES = (
    'libwazo-auth-client0', 'libwazo-auth-client-dev', 'python3-wazo-auth-client-native', 'wazo-auth-simulator',
    'kamailio-wazo-auth-module',
)
# The simulator of the package, and against it: a C program, Python. All inside.
INSIDE = r'''set -eu
cd /root
wazo-auth-simulator --tls --port 0 --admin admin:secret --certificate-file ca.pem --port-file port >simulator.log 2>&1 &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 200); do [ -s port ] && break; sleep 0.1; done
export WAZO_AUTH_PASSWORD=secret
url=https://localhost:$(cat port)
cc -std=c99 -Wall -Wextra -Werror quickstart.c -o quickstart $(pkg-config --cflags --libs wazo_auth_client)
./quickstart --url "$url" --ca-file ca.pem --username admin
echo "C: $(ldd quickstart | grep -o '/.*libwazo_auth_client[^ ]*')"
python3 - "$url" <<'END'
import sys, wazo_auth_client
from importlib.metadata import version
from wazo_auth_client import Client
client = Client.from_url(sys.argv[1], username='admin', password='secret', verify_certificate='ca.pem')
token = client.token.new(expiration=60)['token']
client.set_token(token)
maps = {line.split()[-1] for line in open('/proc/self/maps') if 'libwazo_auth_client' in line}
print('Python:', version('wazo-auth-client'), client.token.is_valid(token), client.token.is_valid('no'), *maps)
END
man -w wazo_auth_client wazo-auth-simulator
'''
KAMAILIO_CONFIG = '''#!KAMAILIO
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "wazo_auth.so"
request_route { exit; }
'''


def chroot(root, *command, seconds=600):
    environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C.UTF-8', 'HOME': '/root'}
    try:
        done = subprocess.run(
            ['chroot', root, *command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors='replace', timeout=seconds,
        )
    except subprocess.TimeoutExpired as late:
        return 124, str(late.stdout)
    return done.returncode, done.stdout


def clean_root(report):
    """Debian 12 as debootstrap makes it."""
    if (CLEAN / 'etc' / 'debian_version').exists():
        return True
    print(f'# making {CLEAN.relative_to(ROOT)} by debootstrap (some minutes, once)', flush=True)
    half = CLEAN.with_name('bookworm.half')
    shutil.rmtree(half, ignore_errors=True)
    half.parent.mkdir(parents=True, exist_ok=True)
    status, said = process.run(['debootstrap', '--variant=minbase', 'bookworm', half], seconds=1800)
    if status:
        return report.promise(False, 'debootstrap makes a clean Debian 12', said[-1500:])
    half.rename(CLEAN)
    return True


def mounted(root):
    for name, words in (('proc', ['-t', 'proc', 'proc']), ('dev', ['--bind', '/dev'])):
        subprocess.run(['mount', *words, root / name], check=True)


def unmounted(root):
    for name in ('proc', 'dev'):
        subprocess.run(['umount', '--lazy', root / name], stderr=subprocess.DEVNULL)


def install(report, root):
    for path in sorted(DEBS.glob('*.deb')):
        shutil.copy(path, root / 'root' / path.name)
    # Where this machine gets its packages, the root gets them.
    for name in ('resolv.conf', 'hosts'):
        shutil.copy(Path('/etc') / name, root / 'etc' / name)
    for path in Path('/etc/apt/apt.conf.d').iterdir():
        if 'Acquire::' in path.read_text(errors='replace'):
            shutil.copy(path, root / 'etc' / 'apt' / 'apt.conf.d')
    names = [f'/root/{path.name}' for path in sorted((root / 'root').glob('*.deb'))]
    chroot(root, 'apt-get', 'update', '-qq')
    status, said = chroot(
        root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', *names, 'gcc', 'libc6-dev', 'pkg-config', 'man-db',
        seconds=1800,
    )
    return report.promise(status == 0, 'apt installs the packages and what they depend on', said[-2000:])


def use(report, root):
    shutil.copy(QUICKSTART, root / 'root')
    status, said = chroot(root, 'sh', '-c', INSIDE)
    absent = [text for text in SHOWN if text not in said]
    report.promise(
        not absent and 'C: /lib/x86_64-linux-gnu/libwazo_auth_client.so.0' in said.replace('/usr/lib', '/lib'),
        'a C program is compiled with pkg-config, and runs against the simulator of the package', f'{status}\n{said[-2000:]}',
    )
    line = next((line for line in said.splitlines() if line.startswith('Python:')), said[-800:])
    report.promise(
        ' True False ' in line and '/usr/lib/x86_64-linux-gnu/libwazo_auth_client.so.0' in line,
        'Python imports the module, which loads the library of the system', line,
    )
    report.promise(status == 0 and 'man3/wazo_auth_client.3' in said and 'man1/wazo-auth' in said, 'both man pages are found', said[-500:])
    (root / 'root' / 'kamailio.cfg').write_text(KAMAILIO_CONFIG)
    status, said = chroot(root, 'kamailio', '-c', '-f', '/root/kamailio.cfg')
    report.promise(status == 0 and 'ERROR' not in said, 'Kamailio loads the module', said[-1500:])


def remove(report, root):
    status, said = chroot(root, 'apt-get', 'purge', '-y', '-qq', *PACKAGES)
    left = [str(path) for name in ('usr', 'etc') for path in (root / name).rglob('*wazo*') if path.name != 'wazo-auth-simulator.log']
    report.promise(status == 0 and not left, 'nothing is left when they are removed', f'{said[-500:]}\n{left[:5]}')


def run(report, tools):
    if os.getuid() != 0:
        report.skip(ABOUT, 'it makes a root with debootstrap and mounts: run it as root')
        return
    if missing := tools.packages(debootstrap='debootstrap'):
        report.skip(ABOUT, f'{missing[0]} is missing: apt-get install {missing[0]}')
        return
    status, said = process.run([sys.executable, ROOT / 'tools' / 'deb.py'], seconds=3600)
    if not report.promise(status == 0, 'make deb builds the packages, and lintian finds nothing', said[-3000:]):
        return
    built = {path.name.split('_')[0] for path in DEBS.glob('*.deb')}
    report.promise(built == set(PACKAGES), f'the packages are {", ".join(PACKAGES)}', f'there are {sorted(built)}')
    if not clean_root(report):
        return
    root = tools.folder / 'root'
    subprocess.run(['cp', '-a', CLEAN, root], check=True)
    mounted(root)
    try:
        if install(report, root):
            use(report, root)
            remove(report, root)
    finally:
        unmounted(root)
        # Mounts are gone before anything is deleted.
        if not os.path.ismount(root / 'proc') and not os.path.ismount(root / 'dev'):
            shutil.rmtree(root)


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_')).end())
