#!/usr/bin/env python3
"""`make dist`: builds everything that a release consists of, from the last commit, into build/dist.

    tools/dist.py [--only PART ...] [--twice] [--output build/dist]

The parts:

    source    wazo-auth-client-VERSION.tar.gz: the sources, as they are committed
    crate     the two packages of crates.io, each compiled from what is inside of it
    linux     wazo-auth-client-VERSION-linux-x86_64.tar.gz: what `make install` installs,
              below the archive's folder; pkg-config and CMake find it wherever it is unpacked
    python    the wheels of library and simulator, and the sdist (tools/wheel.py, tools/wheel_simulator.py)
    deb       the Debian packages
    sbom      the list of the crates inside the library (CycloneDX; tools/supply_chain.py)

What is not committed is not in it. SHA256SUMS lists what was built, and `sha256sum --check SHA256SUMS` checks it.

--twice builds in two folders of different names, and compares: the same sources have to make the same bytes. Where
they do not, the members that differ are named, and the exit status is 1. Every time stamp is that of the commit
(SOURCE_DATE_EPOCH).
"""
import argparse
import functools
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
sys.path.insert(0, str(ROOT / 'tools'))
import same_bytes  # noqa: E402
import wheels  # noqa: E402
from report import Report  # noqa: E402

WORK = ROOT / 'build' / 'dist-work'
# Names of different lengths: a path inside a file, or padding after one, would show.
FOLDERS = ('one', 'another-folder')
# What the parts install once for all builds.
SHARED = ('venv', 'cargo-tools')
STARTED = time.monotonic()


def say(text):
    """A line of progress, with the seconds since the beginning."""
    print(f'dist: {time.monotonic() - STARTED:5.0f} s  {text}', flush=True)


def give_up(reason):
    """Ends this in one sentence."""
    sys.exit(f'dist: {reason}')


def git(*arguments):
    """What git says of this repository."""
    done = subprocess.run(['git', *arguments], cwd=ROOT, capture_output=True)
    if done.returncode:
        give_up(f'git {" ".join(arguments)}: {done.stderr.decode().strip()}')
    return done.stdout


@functools.cache
def commit():
    """The commit that is built: the same one for every part, also when somebody commits meanwhile."""
    return git('rev-parse', 'HEAD').decode().strip()


class Build:
    """One build: the sources of the commit in a folder of their own, and what is made of them."""

    def __init__(self, name):
        self.work = WORK / name
        self.version = re.search(
            r'\[workspace\.package\]\nversion = "(.+?)"', git('show', f'{commit()}:Cargo.toml').decode()
        ).group(1)
        self.name = f'wazo-auth-client-{self.version}'
        self.sources = self.work / self.name
        self.made = self.work / 'made'
        self.time = int(git('log', '-1', '--format=%ct', commit()))

    def unpack(self):
        """The sources. Their time is now: cargo takes a file that is older than its last build for unchanged."""
        for folder in (self.sources, self.made):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        archive = git('archive', '--format=tar', f'--prefix={self.name}/', commit())
        subprocess.run(['tar', '--extract', '--touch'], cwd=self.work, input=archive, check=True)
        for folder in SHARED:
            (ROOT / 'build' / folder).mkdir(parents=True, exist_ok=True)
            (self.sources / 'build').mkdir(exist_ok=True)
            (self.sources / 'build' / folder).symlink_to(ROOT / 'build' / folder)
        return archive

    def run(self, *command, **variables):
        """Runs a command in the sources; its output. A failure ends this with the last lines."""
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith('WAZO_AUTH_') and name != 'CARGO_TARGET_DIR'
        }
        done = subprocess.run(
            list(map(str, command)), cwd=self.sources, text=True, errors='replace',
            # Cargo's own folder is that below the sources: what is built names no other.
            env={**kept, 'SOURCE_DATE_EPOCH': str(self.time), 'PYTHON': sys.executable, **variables},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        if done.returncode:
            give_up(f'{done.stdout[-6000:]}\ndist: {" ".join(map(str, command))} failed with status {done.returncode}')
        return done.stdout

    def keep(self, *paths):
        """Puts what was built among the artifacts."""
        if not paths:
            give_up('a part has built nothing')
        for path in paths:
            shutil.copyfile(path, self.made / path.name)

    def source(self, archive):
        """The sources: git's archive depends on the commit alone; the compression has no time and no name in it."""
        with open(self.made / f'{self.name}.tar.gz', 'wb') as file:
            with gzip.GzipFile('', 'wb', 9, file, mtime=0) as packed:
                packed.write(archive)

    def crate(self):
        """The packages of crates.io. Cargo unpacks and compiles each, which shows that it is complete."""
        packages = ('wazo-auth-client-rust', 'wazo-auth-simulator')
        wanted = [word for package in packages for word in ('--package', package)]
        # Not a repository of its own: the sources are below one whose files they are not.
        self.run('cargo', 'package', '--locked', '--allow-dirty', *wanted)
        self.keep(*(self.sources / 'target' / 'package' / f'{package}-{self.version}.crate' for package in packages))

    def linux(self):
        """What `make install` installs: the release build, in an archive; linked for systems with an older glibc."""
        folder = f'{self.name}-linux-x86_64'
        root = self.work / 'root'
        shutil.rmtree(root, ignore_errors=True)
        python = wheels.install_tools()
        self.run(
            'make', 'install', 'PREFIX=/usr/local', f'DESTDIR={root}',
            LINKER=f'{python} -m ziglang cc -target x86_64-linux-gnu.{wheels.GLIBC}',
        )
        # The CMake package finds its prefix by its own place; so does this one here, wherever the archive is unpacked.
        (description,) = root.glob('**/wazo_auth_client.pc')
        text, count = re.subn(r'(?m)^prefix=.*$', 'prefix=${pcfiledir}/../..', description.read_text(encoding='utf-8'))
        if count != 1:
            give_up(f'{description} has {count} lines that begin with prefix=; expected one')
        description.write_text(text, encoding='utf-8')
        for name in ('LICENSE-APACHE', 'LICENSE-MIT'):
            shutil.copyfile(self.sources / name, root / 'usr' / 'local' / name)
        pack(root / 'usr' / 'local', self.made / f'{folder}.tar.gz', folder, self.time)

    def python(self):
        """The wheels and the sdist."""
        output = self.work / 'python'
        shutil.rmtree(output, ignore_errors=True)
        for tool in ('wheel.py', 'wheel_simulator.py'):
            self.run(sys.executable, f'tools/{tool}', '--output', output)
        self.keep(*output.iterdir())

    def deb(self):
        """The Debian packages."""
        folder = self.work / 'deb'
        shutil.rmtree(folder, ignore_errors=True)
        self.run(sys.executable, 'tools/deb.py', '--output', folder)
        self.keep(*folder.glob('*.deb'))

    def sbom(self):
        """The list of crates. Its references to our own packages are paths, of which the folder is taken out."""
        output = self.work / 'sbom'
        shutil.rmtree(output, ignore_errors=True)
        self.run(sys.executable, 'tools/supply_chain.py', '--output', output)
        for path in output.iterdir():
            text = path.read_text(encoding='utf-8').replace(f'{self.sources}/', '').replace(str(self.sources), '.')
            path.write_text(text, encoding='utf-8')
        self.keep(*output.iterdir())


PARTS = ('source', 'crate', 'linux', 'python', 'deb', 'sbom')


def pack(folder, output, name, seconds):
    """A folder as a .tar.gz in which nothing depends on when, where and by whom it was built."""
    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ''
        member.mtime = seconds
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    with open(output, 'wb') as file, gzip.GzipFile('', 'wb', 9, file, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode='w', format=tarfile.GNU_FORMAT) as archive:
            for path in sorted(folder.rglob('*')):
                archive.add(path, f'{name}/{path.relative_to(folder)}', recursive=False, filter=plain)


def build(name, parts):
    """One build of these parts; where its artifacts are."""
    this = Build(name)
    say(f'{this.name} in {this.work.relative_to(ROOT)}')
    archive = this.unpack()
    for part in parts:
        say(f'building: {part}')
        this.source(archive) if part == 'source' else getattr(this, part)()
    return this.made


def check(report, parts):
    """What does not stand in the way of a build, and is worth a line."""
    changed = git('status', '--porcelain').decode().splitlines()
    if changed:
        report.note(f'{len(changed)} files are changed or new, and not committed: they are not in it, such as {changed[0]}')
    if 'linux' in parts and (sys.platform != 'linux' or os.uname().machine != 'x86_64'):
        give_up('the part linux is built on x86_64 Linux only')
    for tool in ('git', 'cargo', 'tar', 'make'):
        if not shutil.which(tool):
            give_up(f'{tool} is not here')


def publish(made, output):
    """Copies the artifacts and writes their checksums."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.iterdir():
        if old.is_file():
            old.unlink()
    lines = []
    for path in sorted(made.iterdir()):
        shutil.copyfile(path, output / path.name)
        lines.append(f'{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n')
        say(f'{path.stat().st_size:>12,} bytes  {path.name}')
    (output / 'SHA256SUMS').write_text(''.join(lines))
    say(f'{output / "SHA256SUMS"}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', choices=PARTS, metavar='PART', help='only these parts; all of them otherwise')
    parser.add_argument('--twice', action='store_true', help='build in two folders, and compare')
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'dist', help='where to (default: build/dist)')
    given = parser.parse_args()
    parts = [part for part in PARTS if not given.only or part in given.only]
    report = Report()
    check(report, parts)
    made = [build(name, parts) for name in FOLDERS[:2 if given.twice else 1]]
    publish(made[0], given.output.resolve())
    if not given.twice:
        return 0
    for name in sorted({path.name for folder in made for path in folder.iterdir()}):
        differences = same_bytes.compare(*(folder / name for folder in made))
        report.promise(not differences, f'{name}: both builds are the same bytes', '\n'.join(differences))
    return report.end()


if __name__ == '__main__':
    sys.exit(main())
