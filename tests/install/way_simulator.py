"""The simulator: its wheel in empty virtual environments, with pytest and without, and `cargo install`."""
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from run import ROOT, begin
import artifacts
import process

ABOUT = "the simulator's wheel in empty virtual environments, and cargo install"
VERSION = re.search(r'\[workspace\.package\]\nversion = "(.*)"', (ROOT / 'Cargo.toml').read_text()).group(1)
EXAMPLE = ROOT / 'simulator' / 'python' / 'examples' / 'test_wazo_auth.py'
CRATE = 'wazo-auth-simulator'
CARGO = os.environ.get('CARGO', 'cargo')
# What pip and cargo say where there is no network.
OFFLINE = re.compile(r'NewConnectionError|NameResolutionError|ConnectTimeoutError|Could not resolve host|failed to download')

# Run in a folder without anything, by a Python whose programs are not on the PATH.
PROGRAM = '''
import urllib.request, wazo_auth_simulator
with wazo_auth_simulator.Simulator() as simulator:
    with urllib.request.urlopen(simulator.url + "/0.1/backends", context=simulator.trust()) as answer:
        print(answer.status, simulator.program)
'''
# A test, what its run has to say, and with which options.
WRONG = {
    'a marker without names is refused in a sentence': (
        'import pytest\n@pytest.mark.wazo_auth_simulator(False)\ndef test(wazo_auth_simulator): pass\n',
        'takes arguments by their names, such as tls=False, got (False,)', [],
    ),
    'a program that cannot be started is named': (
        'def test(wazo_auth_simulator): pass\n', "'/nowhere/simulator'", ['--wazo-auth-simulator', '/nowhere/simulator'],
    ),
    'what the program says of its options is told': (
        'import pytest\n@pytest.mark.wazo_auth_simulator(settings={"nwo": 1})\ndef test(wazo_auth_simulator): pass\n',
        'wazo-auth-simulator: --settings: unknown setting "nwo"', [],
    ),
}


def clean(**more):
    """An environment in which nothing of this checkout is found."""
    kept = ('HOME', 'LANG', 'SSL_CERT_FILE', 'PIP_CERT', 'PIP_INDEX_URL', 'HTTPS_PROXY', 'https_proxy')
    return {**{name: os.environ[name] for name in kept if name in os.environ}, 'PATH': '/nowhere', **more}


def run(report, tools):
    wheel = built(report, tools)
    if wheel:
        holds(report, wheel, tools.debug)
        refusals(report, tools.folder)
        for version, python in pythons(tools.debug).items():
            environment(report, wheel, f'Python {version[0]}.{version[1]}', python, tools.folder / f'venv-{version[1]}')
    if not tools.debug:
        by_cargo(report, tools.folder)


def pythons(only_this):
    """The Pythons that it is installed for: every one from 3.9 on that is here, or this one."""
    import test_install

    return {sys.version_info[:2]: sys.executable} if only_this else test_install.PYTHONS


def built(report, tools):
    """The wheel: that of the debug build, which is there after the other tests, or the one that is published."""
    tool = [sys.executable, ROOT / 'tools' / 'wheel_simulator.py']
    output = tools.folder if tools.debug else ROOT / 'build' / 'dist'
    options = ['--program', artifacts.simulator(), '--output', output] if tools.debug else []
    status, said = process.run([*tool, *options], seconds=3600)
    found = list(output.glob('wazo_auth_simulator-*.whl'))
    name = 'the program is packed into a wheel' if tools.debug else 'make wheel-simulator builds a wheel for glibc 2.17'
    suffix = 'linux_x86_64' if tools.debug else 'manylinux_2_17_x86_64'
    well = status == 0 and [path.name for path in found] == [f'wazo_auth_simulator-{VERSION}-py3-none-{suffix}.whl']
    return found[0] if report.promise(well, name, f'{found}\n{said[-3000:]}') else None


def holds(report, wheel, is_debug):
    """What is in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f'wazo_auth_simulator-{VERSION}.dist-info/METADATA').decode()
        mode = archive.getinfo(f'wazo_auth_simulator-{VERSION}.data/scripts/{CRATE}').external_attr >> 16
    package = {f'wazo_auth_simulator/{name}' for name in ('__init__.py', '_simulator.py', 'pytest_plugin.py', 'py.typed')}
    others = {name for name in names if f'wazo_auth_simulator-{VERSION}.' not in name}
    report.promise(
        others == package and mode & 0o777 == 0o755,
        'it holds the typed package and the program, which may be run, and no tests', f'{names}, mode {mode:o}',
    )
    licences = {name.rpartition('/')[2] for name in names if '/licenses/' in name}
    due = {'LICENSE-APACHE', 'LICENSE-MIT'} | (set() if is_debug else {'LICENSE-RUST-CRATES.txt'})
    report.promise(
        licences == due and f'Version: {VERSION}\n' in metadata and 'Requires-Dist' not in metadata,
        'it has the licences of what is inside, the version of Cargo.toml, and needs no other package',
        f'{licences}\n{metadata}',
    )


def refusals(report, folder):
    """A wheel without its program is not made, and pip's output has one sentence that says why."""
    sources = folder / 'sources'
    shutil.copytree(ROOT / 'simulator' / 'python', sources, ignore=shutil.ignore_patterns('__pycache__', 'build', '*.egg-info'))
    options = ['--no-build-isolation', '--no-deps', '--no-index', '--wheel-dir', folder / 'refused']
    for named, due in (
        (None, 'error: wazo-auth-simulator needs its program, and the Rust sources are not around this folder'),
        ('/nowhere/program', 'error: WAZO_AUTH_SIMULATOR_BUILD_PROGRAM names /nowhere/program, which is not a file'),
        ('/bin/true', "error: /bin/true is not wazo-auth-simulator: --version prints"),
        (sources / 'setup.py', 'setup.py does not run on this platform'),
    ):
        variables = {'WAZO_AUTH_SIMULATOR_BUILD_PROGRAM': str(named)} if named else {}
        done = subprocess.run(
            list(map(str, [sys.executable, '-m', 'pip', '--disable-pip-version-check', 'wheel', *options, sources])),
            env=clean(**variables), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
        )
        well = done.returncode and done.stdout.count(due) == 1 and 'Traceback' not in done.stdout
        report.promise(
            well and not list(folder.glob('refused/*')), f'no wheel is made of {named or "no program"}, and pip says why',
            done.stdout[-3000:],
        )


def files(folder):
    """What is below a folder, without what Python compiles by itself."""
    return {str(path.relative_to(folder)) for path in folder.rglob('*') if '__pycache__' not in path.parts}


def environment(report, wheel, name, interpreter, folder):
    """Installs the wheel into an empty environment, uses it, removes it; and again with pytest."""
    status, said = process.run([interpreter, '-m', 'venv', folder])
    if not report.promise(status == 0, f'{name}: an empty environment', said):
        return
    programs = folder / 'bin'
    before = files(folder)

    def ran(*command, **more):
        done = subprocess.run(
            [str(part) for part in command], cwd=folder.parent, env=clean(**more), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
        )
        return done.returncode, done.stdout

    pip = [programs / 'python', '-m', 'pip', '--disable-pip-version-check']
    status, said = ran(*pip, 'install', '--no-index', wheel)
    if not report.promise(status == 0, f'{name}: pip install needs no network and no compiler', said):
        return
    # Found on the PATH, as by a shell.
    status, said = ran('/bin/sh', '-c', f'{CRATE} --version', PATH=str(programs))
    report.promise((status, said) == (0, f'{CRATE} {VERSION}\n'), f'{name}: the program is on the PATH', said)
    status, said = ran(programs / 'python', '-c', PROGRAM)
    report.promise(
        (status, said) == (0, f'200 {os.path.realpath(programs / CRATE)}\n'),
        f'{name}: the package starts its own program in an environment that is not activated, without pytest', said,
    )
    status, said = ran(*pip, 'uninstall', '--yes', CRATE)
    left = files(folder) - before
    report.promise(status == 0 and not left, f'{name}: pip uninstall leaves nothing', f'{said}\n{sorted(left)}')
    (pinned,) = re.findall(r'^pytest==\S+', (ROOT / 'tests' / 'python' / 'requirements.txt').read_text(), re.M)
    status, said = ran(*pip, 'install', '--quiet', wheel, pinned)
    if status and OFFLINE.search(said):
        report.skip(f'{name}: the fixtures of pytest', 'PyPI cannot be reached: try again online')
        return
    if report.promise(status == 0, f'{name}: it is installed beside {pinned}', said):
        with_pytest(report, name, folder, lambda *words: ran(programs / 'pytest', '-p', 'no:cacheprovider', *words))


def with_pytest(report, name, folder, pytest):
    """The fixtures in tests of their own; `pytest` runs it."""
    # Away from the checkout, whose package it would find beside it.
    example = shutil.copy(EXAMPLE, folder)
    status, said = pytest('--strict-markers', example)
    report.promise(
        status == 0 and re.search(r'^=+ 6 passed in ', said, re.M), f'{name}: the tests of the example pass, by the fixtures',
        said[-3000:],
    )
    status, said = pytest('--fixtures', example)
    listed = [fixture for fixture in ('wazo_auth_simulator', 'wazo_auth_mock') if re.search(rf'^{fixture} --', said, re.M)]
    report.promise(len(listed) == 2, f'{name}: pytest lists the fixtures', said)
    for promise, (test, due, options) in WRONG.items():
        path = folder / 'test_wrong.py'
        path.write_text(test, encoding='utf-8')
        status, said = pytest(path, *options)
        report.promise(status == 1 and due in said, f'{name}: {promise}', said[-3000:])
    tests = folder / 'with-ini'
    tests.mkdir()
    (tests / 'pytest.ini').write_text('[pytest]\nwazo_auth_simulator = ../bin/wazo-auth-simulator\n', encoding='utf-8')
    (tests / 'test_it.py').write_text(
        'def test(wazo_auth_simulator):\n    assert "/with-ini/../bin/" in wazo_auth_simulator.program\n', encoding='utf-8'
    )
    status, said = pytest(tests)
    report.promise(status == 0 and '1 passed' in said, f'{name}: an ini file names the program', said[-3000:])


def by_cargo(report, folder):
    """`cargo install`, from the checkout and from the package of crates.io."""
    # Kept from run to run: the crates of others are compiled once.
    target = ROOT / 'build' / 'install' / 'cargo-target'

    def cargo(*words):
        return process.run([CARGO, *words], {'CARGO_TARGET_DIR': str(target)}, seconds=3600, cwd=ROOT)

    def install(sources, root, promise):
        status, said = cargo('install', '--locked', '--path', sources, '--root', root)
        if status and OFFLINE.search(said):
            report.skip(promise, 'crates.io cannot be reached: try again online')
            return
        if not status:
            status, said = process.run([root / 'bin' / CRATE, '--version'])
        report.promise((status, said) == (0, f'{CRATE} {VERSION}\n'), promise, said[-3000:])

    install(ROOT / 'simulator', folder / 'by-cargo', 'cargo install --path simulator installs the program')
    status, said = cargo('package', '--locked', '--no-verify', '--allow-dirty', '--package', CRATE)
    if report.promise(status == 0, 'cargo package packs the crate', said[-3000:]):
        # Away from the checkout, whose workspace cargo would take it for a part of.
        with tempfile.TemporaryDirectory() as away:
            with tarfile.open(target / 'package' / f'{CRATE}-{VERSION}.crate') as archive:
                archive.extractall(away, filter='data')
            sources = Path(away, f'{CRATE}-{VERSION}')
            install(sources, folder / 'by-crate', 'the packed crate installs the program too, by itself')


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_')).end())
