"""The archive of a release for Linux: unpacked into a folder that nobody knows of, used by pkg-config."""
import os
import re
import subprocess
import sys
import tarfile

from run import QUICKSTART, ROOT, begin
import process

ABOUT = 'the archive that make dist builds, unpacked anywhere'


def run(report, tools):
    if tools.debug:
        report.skip('the archive of a release is used', 'it is a release build: run this way without --debug')
        return
    lacking = tools.packages(pkg_config='pkg-config', cc='gcc')
    if lacking:
        report.skip('the archive of a release is used', f'missing: {", ".join(lacking)}; install them by apt-get, as root')
        return
    # What is committed, in a build of its own: minutes.
    status, said = process.run(
        [sys.executable, ROOT / 'tools' / 'dist.py', '--only', 'linux', '--output', tools.folder / 'dist'], seconds=7200
    )
    if not report.promise(status == 0, 'the archive is built', said[-3000:]):
        return
    (archive,) = (tools.folder / 'dist').glob('*.tar.gz')
    with tarfile.open(archive) as packed:
        packed.extractall(tools.folder / 'somewhere', filter='data')
    (prefix,) = (tools.folder / 'somewhere').iterdir()
    names = ('LICENSE-MIT', 'bin/wazo-auth-simulator', 'lib/libwazo_auth_client.a')
    absent = [name for name in names if not (prefix / name).is_file()]
    report.promise(not absent, 'it holds the library, the simulator and the licences', f'absent: {absent}')
    environment = {**os.environ, 'PKG_CONFIG_PATH': str(prefix / 'lib' / 'pkgconfig')}
    for name, words, run_path in (
        ('shared', [], {'LD_LIBRARY_PATH': str(prefix / 'lib')}), ('static', ['--static'], {}),
    ):
        flags = subprocess.run(
            ['pkg-config', '--cflags', '--libs', *words, 'wazo_auth_client'], env=environment, text=True,
            stdout=subprocess.PIPE, check=True,
        ).stdout
        if name == 'static':
            flags = re.sub(r'(^|\s)-lwazo_auth_client\b', r'\1-l:libwazo_auth_client.a', flags)
        program = tools.folder / f'quickstart-{name}'
        status, said = process.run([os.environ.get('CC', 'cc'), QUICKSTART, '-o', program, *flags.split()])
        if report.promise(status == 0, f'{name}: pkg-config finds it where it lies, and a C program is linked', said):
            tools.sample(report, f'{name}: the program runs against the simulator', [program], run_path)


if __name__ == '__main__':
    sys.exit(begin('archive').end())
