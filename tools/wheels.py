"""What the makers of wheels share: tools/wheel.py (the library) and tools/wheel_simulator.py (the program).

What is shipped is linked by zig, which knows the symbols of every glibc: so no old system is needed to build on. Nothing is
believed: the symbols of what was linked are read, and auditwheel, which looks at the wheel and not at its name, has to
come to the tag that was wanted. What this needs beside cargo and Python is installed into build/venv by pip, as pinned in
tools/wheel-requirements.txt (zig is 400 MB).
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402

VENV = ROOT / 'build' / 'venv'
DIST = ROOT / 'build' / 'dist'
REQUIREMENTS = Path(__file__).with_name('wheel-requirements.txt')
TARGET = 'x86_64-unknown-linux-gnu'
# The oldest glibc that is served.
GLIBC = '2.17'
STARTED = time.monotonic()


def say(text):
    """A line of progress, with the seconds since the beginning."""
    print(f'wheel: {time.monotonic() - STARTED:4.0f} s  {text}', flush=True)


def give_up(reason):
    """Ends this in one sentence."""
    sys.exit(f'wheel: {reason}')


def run(*command, quiet=True, **variables):
    """Runs a command, with the programs of build/venv first; what it printed. Its output is shown where it fails."""
    path = os.pathsep.join([str(VENV / 'bin'), os.environ.get('PATH', os.defpath)])
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env={**os.environ, **variables, 'PATH': path}, text=True,
        stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
    )
    if done.returncode:
        give_up(f'{done.stdout or ""}\nwheel: {" ".join(map(str, command))} failed with status {done.returncode}')
    return done.stdout


def install_tools():
    """Installs what is pinned into build/venv, where it is not there yet, and says so."""
    if not (VENV / 'bin' / 'python').exists():
        say(f'making {VENV.relative_to(ROOT)}')
        run(sys.executable, '-m', 'venv', VENV)
        # Where this folder is, the tests use its Python, and some of them compare with requests.
        run(VENV / 'bin' / 'python', '-m', 'pip', 'install', '--quiet', 'requests')
    wanted = [line for line in REQUIREMENTS.read_text().split('\n') if line and not line.startswith('#')]
    python = VENV / 'bin' / 'python'
    if not set(wanted) <= set(run(python, '-m', 'pip', 'freeze', '--all', '--disable-pip-version-check').split()):
        say(f'installing {", ".join(wanted)} into {VENV.relative_to(ROOT)}')
        run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS)
    return python


def enter_venv():
    """From here on with the packages of build/venv: runs this program again by its Python, unless that is the one."""
    if sys.platform != 'linux' or os.uname().machine != 'x86_64':
        give_up('this builds on x86_64 Linux only')
    if shutil.which('cargo') is None:
        give_up('cargo is not here: install a Rust toolchain, see https://rustup.rs')
    python = install_tools()
    if Path(sys.prefix).resolve() != VENV.resolve():
        sys.exit(subprocess.run([str(python), *sys.argv]).returncode)


def build(glibc, *what):
    """Builds what these options of cargo name as it is shipped, linked for that glibc; the folder of the results."""
    run(
        'cargo-zigbuild', 'zigbuild', '--release', '--locked', *what, '--target', f'{TARGET}.{glibc}',
        quiet=False, **artifacts.without_build_paths(),
    )
    directory = re.search(
        r'"target_directory":"([^"]+)"', run('cargo', 'metadata', '--locked', '--no-deps', '--format-version', '1')
    )
    return Path(directory.group(1), TARGET, 'release')


def read_elf(path):
    """What the dynamic section and the symbols of a library or program say: exported and imported names, the greatest
    GLIBC, what it needs."""
    from elftools.elf.elffile import ELFFile

    with open(path, 'rb') as file:
        elf = ELFFile(file)
        needed = elf.get_section_by_name('.gnu.version_r')
        versions = {auxiliary.name for _, names in needed.iter_versions() for auxiliary in names}
        symbols = list(elf.get_section_by_name('.dynsym').iter_symbols())
        dynamic = list(elf.get_section_by_name('.dynamic').iter_tags())
        return {
            'exported': {s.name for s in symbols if s['st_shndx'] != 'SHN_UNDEF' and s.name},
            'imported': {s.name for s in symbols if s['st_shndx'] == 'SHN_UNDEF' and s.name},
            'glibc': max(tuple(map(int, v[6:].split('.'))) for v in versions if re.fullmatch(r'GLIBC_[\d.]+', v)),
            'needed': [tag.needed for tag in dynamic if tag.entry.d_tag == 'DT_NEEDED'],
            # DF_1_NODELETE
            'nodelete': any(tag.entry.d_tag == 'DT_FLAGS_1' and tag.entry.d_val & 0x8 for tag in dynamic),
            'is_stripped': elf.get_section_by_name('.symtab') is None,
        }


def check_elf(path, glibc):
    """What `read_elf` found; ends this where the file needs a newer glibc, or says where it was built."""
    found = read_elf(path)
    if found['glibc'] > tuple(map(int, glibc.split('.'))):
        give_up(f'{path} needs GLIBC_{".".join(map(str, found["glibc"]))}, and not {glibc} at most')
    folders = [str(folder).encode() for folder in (ROOT, Path.home())]
    if any(folder in path.read_bytes() for folder in folders):
        give_up(f'{path} has folders of this machine in it: see without_build_paths in tests/support/artifacts.py')
    if not found['is_stripped']:
        give_up(f'{path} is not stripped')
    return found


def commit_time():
    """When these sources were committed; a fixed time where they are in no repository."""
    command = ['git', 'log', '-1', '--format=%ct']
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip() or '1577836800'


def write_licenses(folder, package):
    """Writes the licences of what is inside of a package of cargo's into the folder that its wheel is built from."""
    import ziglang

    file = folder / 'LICENSE-RUST-CRATES.txt'
    command = [sys.executable, ROOT / 'tools' / 'licenses.py', '--package', package]
    say(run(*command, '--ziglang', Path(ziglang.__file__).parent, file).strip())


def platform_tag(glibc):
    """The name of what a wheel runs on."""
    return f'manylinux_{glibc.replace(".", "_")}_x86_64'


def check_wheel(wheel, platform, member, built):
    """Compares the name with what auditwheel finds, and the library or program inside with the one that was built."""
    if not wheel.name.endswith(f'-py3-none-{platform}.whl'):
        give_up(f'the wheel was named {wheel.name}, and not py3-none-{platform}')
    verdict = run('auditwheel', 'show', wheel)
    # Its lines are broken where they are long.
    if f'consistent with the following platform tag: "{platform}"' not in ' '.join(verdict.split()):
        give_up(f'auditwheel does not come to {platform}:\n{verdict}')
    say(f'auditwheel: {platform}')
    with zipfile.ZipFile(wheel) as archive:
        packed = hashlib.sha256(archive.read(member)).hexdigest()
    if packed != hashlib.sha256(built.read_bytes()).hexdigest():
        give_up(f'{member} in the wheel is not what was built')


def publish(output, pattern, *made):
    """Puts what was made into a folder, in the place of what fits the pattern there."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob(pattern):
        old.unlink()
    for path in made:
        say(f'{shutil.copy(path, output)}: {path.stat().st_size:,} bytes')
