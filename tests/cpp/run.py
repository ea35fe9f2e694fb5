#!/usr/bin/env python3
"""The tests of the C++ headers: what must compile, what must not, and what runs against the simulator.

    tests/cpp/run.py

Needs a C++17 compiler, the library and the simulator as `cargo build --workspace` leaves them; valgrind is used where
it is there. A line for each promise, `ok - ...` or `not ok - ...`, and `N passed, M failed` as the last one.

WAZO_AUTH_CLIENT_LIBRARY and WAZO_AUTH_SIMULATOR name another library and simulator, CXX the only compiler to use.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INCLUDE = ROOT / 'include'
sys.path.insert(0, str(ROOT / 'simulator' / 'python'))

from simulator_fixture import Simulator  # noqa: E402

STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion', '-Wnon-virtual-dtor', '-Werror']
PARTS = sorted(f'wazo_auth_client/{path.name}' for path in INCLUDE.glob('wazo_auth_client/*.hpp'))
HEADERS = ['wazo_auth_client.hpp', *PARTS]

PRELUDE = '#include "check.hpp"\n'
PIECE = """
void piece(auth::Client client, auth::Options options, auth::Queue queue, auth::Dispatcher dispatcher,
           std::string text, std::optional<std::string> maybe);
void piece([[maybe_unused]] auth::Client client, [[maybe_unused]] auth::Options options,
           [[maybe_unused]] auth::Queue queue, [[maybe_unused]] auth::Dispatcher dispatcher,
           [[maybe_unused]] std::string text, [[maybe_unused]] std::optional<std::string> maybe) {
"""

passed = failed = 0


def report(good, promise, why=''):
    """Writes the line of a promise; what the tools said before it, where it is not kept."""
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(''.join(f'#   {line}\n' for line in why.splitlines()[-60:]), end='')
    print(f'{"ok" if good else "not ok"} - {promise}', flush=True)


def run(command, **options):
    """Runs a command; whether it went well, and what it wrote."""
    command = [str(part) for part in command]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **options
    )
    return done.returncode == 0, done.stdout


def newest(*names):
    """The file of these names that cargo built last."""
    target = Path(os.environ.get('CARGO_TARGET_DIR') or ROOT / 'target')
    built = [path for profile in ('debug', 'release') for name in names if (path := target / profile / name).exists()]
    if not built:
        sys.exit(f'{" or ".join(names)} is not built: run `cargo build --workspace` first')
    return max(built, key=lambda path: path.stat().st_mtime)


def compilers():
    """The compilers to test with: CXX alone, else those that are there."""
    wanted = [os.environ['CXX']] if os.environ.get('CXX') else ['g++', 'clang++']
    found = [name for name in wanted if shutil.which(name)]
    if not found:
        sys.exit(f'none of {wanted} is there')
    return found


def check_headers(pool, compiler, folder):
    """Every header stands alone, in every standard from C++17 on that the compiler knows."""

    def compiles(case):
        standard, header = case
        source = folder / f'{compiler}-{standard}-{header.replace("/", "-")}.cpp'
        source.write_text(f'#include <{header}>\nint main() {{}}\n')
        return run([compiler, f'-std={standard}', *STRICT, f'-I{INCLUDE}', '-fsyntax-only', source])

    all_of_them = ('c++17', 'c++20', 'c++23')
    known = [name for name in all_of_them if run([compiler, f'-std={name}', '-xc++', '-E', os.devnull])[0]]
    for standard in known:
        # The parts once; all together in each standard.
        headers = HEADERS if standard == 'c++17' else HEADERS[:1]
        results = list(pool.map(compiles, [(standard, header) for header in headers]))
        report(all(good for good, _ in results), f'{compiler}, {standard}: the headers compile without a warning',
               ''.join(text for _, text in results))


def check_first_page(compiler, folder):
    """The program on the header's first page compiles as it stands."""
    text = (INCLUDE / 'wazo_auth_client.hpp').read_text()
    program = re.search(r'A complete program:\n((?: \*(?:     .*)?\n)+)', text).group(1)
    lines = [line[7:] for line in program.splitlines() if not line.endswith('-lwazo_auth_client')]
    source = folder / f'{compiler}-first-page.cpp'
    source.write_text('\n'.join(lines) + '\n')
    good, said = run([compiler, '-std=c++17', *STRICT, f'-I{INCLUDE}', '-fsyntax-only', source])
    report(good and 'int main()' in source.read_text(), f'{compiler}: the program on the first page compiles', said)


def pieces():
    """(promise, what the compiler says, wrong code, right code) of each piece."""
    text = (HERE / 'must_not_compile.txt').read_text()
    found = re.findall(r'^= (.+)\n- ([^:]+): (.+)\n\+ (.+)$', text, re.M)
    if len(found) != len(re.findall('^= ', text, re.M)):
        sys.exit('must_not_compile.txt: a piece has not its three lines')
    return found


def check_pieces(pool, compiler, folder):
    """What must not compile does not, for the reason that it should; its right counterpart does."""
    # Parsed once, for all pieces.
    prelude = folder / compiler / 'prelude.hpp'
    prelude.parent.mkdir()
    prelude.write_text(PRELUDE)
    flags = ['-std=c++17', '-Wall', '-Wextra', '-Werror', f'-I{INCLUDE}', f'-I{HERE}']
    clang = 'clang' in compiler
    if not clang:
        run([compiler, *flags, '-xc++-header', prelude, '-o', f'{prelude}.gch'])

    def compiles(case):
        number, code = case
        source = prelude.parent / f'{number}.cpp'
        source.write_text(f'#include "prelude.hpp"\n{PIECE}    {code}\n}}\n')
        return run([compiler, *flags, '-fsyntax-only', source], env={**os.environ, 'LC_ALL': 'C'})

    found = pieces()
    wrong = pool.map(compiles, [(f'wrong{number}', piece[2]) for number, piece in enumerate(found)])
    right = pool.map(compiles, [(f'right{number}', piece[3]) for number, piece in enumerate(found)])
    for (promise, says, _, _), (accepted, refusal), (good, warning) in zip(found, wrong, right):
        # Compilers have words of their own: g++'s are the ones that are known here.
        refused = not accepted and (clang or says in refusal)
        why = 'what is wrong compiles' if accepted else warning if not good else refusal
        report(refused and good, f'{compiler}: {promise}', why)


def build(compiler, program, sources, *flags):
    """Compiles and links a program; whether that went well."""
    named = os.environ.get('WAZO_AUTH_CLIENT_LIBRARY')
    library = Path(named) if named else newest('libwazo_auth_client.so', 'libwazo_auth_client.dylib')
    good, text = run([compiler, '-std=c++17', '-g', *STRICT, *flags, f'-I{INCLUDE}', *sources, library, '-pthread',
                      f'-Wl,-rpath,{library.resolve().parent}', '-o', program])
    if not good:
        report(False, f'{compiler}: {program.name} compiles', text)
    return good


def check_programs(pool, compiler, folder, environment, plain):
    """The tests and the first program run; the same under valgrind and under the compiler's sanitizers."""
    sources = sorted(HERE.glob('*.cpp'))
    quickstart = [ROOT / 'bindings' / 'cpp' / 'quickstart.cpp']
    tests, clean, first = (folder / f'{compiler}-{name}' for name in ('tests', 'sanitized', 'quickstart'))
    sanitize = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
    built = list(pool.map(lambda case: build(compiler, *case),
                          [(tests, sources), (clean, sources, *sanitize), (first, quickstart)]))
    if not all(built):
        return
    good, text = run([tests], env=environment)
    for line in re.findall(r'^(?:#.*|ok - .*|not ok - .*)$', text, re.M):
        if line.startswith('#'):
            print(line)
        else:
            report(line.startswith('ok'), f'{compiler}: {line.partition(" - ")[2]}')
    report(good and '\n0 passed' not in text, f'{compiler}: the tests come to their end', text)

    good, text = run([first], env=environment)
    ends = 'false: the server said no' in text and '20 of 20' in text and 'not found, HTTP status 404' in text
    report(good and ends, f'{compiler}: the first program logs in, asks, lists, makes, deletes and logs out', text)
    good, text = run([clean], env=environment)
    report(good, f'{compiler}: the same tests, under the sanitizers of addresses and undefined behaviour', text)
    if shutil.which('valgrind'):
        memcheck = ['valgrind', '-q', '--leak-check=full', '--errors-for-leak-kinds=definite,indirect',
                    '--show-leak-kinds=definite,indirect', '--error-exitcode=9']
        # What ring's assembler writes is taken for uninitialised by valgrind: over HTTPS it is not asked about values.
        for where, more in ((environment, ['--undef-value-errors=no']), ({**environment, 'WAZO_AUTH_URL': plain}, [])):
            scheme = where['WAZO_AUTH_URL'].partition(':')[0]
            for program, name in ((tests, 'tests'), (first, 'first program')):
                good, text = run([*memcheck, *more, program], env=where)
                promise = f'{compiler}: the same {name} under valgrind, over {scheme}: no error, no leak'
                report(good and '==' not in text, promise, text)


def main():
    found = compilers()
    program = os.environ.get('WAZO_AUTH_SIMULATOR') or newest('wazo-auth-simulator')
    # A call that is still running when it is to be ended: the answers to /backends wait for a minute.
    slow = ['--fault', 'delay,ms=60000,path=*/backends']
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulator(program=program, arguments=slow) as simulator,
        Simulator(program=program, arguments=slow, tls=False) as plain,
    ):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('WAZO_AUTH_')}
        environment.update(
            WAZO_AUTH_URL=f'{simulator.url}/api/auth', WAZO_AUTH_CA_FILE=simulator.ca_file,
            WAZO_AUTH_USERNAME='admin', WAZO_AUTH_PASSWORD='secret',
        )
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for compiler in found:
                check_headers(pool, compiler, Path(folder))
                check_first_page(compiler, Path(folder))
                check_pieces(pool, compiler, Path(folder))
                check_programs(pool, compiler, Path(folder), environment, f'{plain.url}/api/auth')
    print(f'{passed} passed, {failed} failed')
    return 0 if failed == 0 and passed else 1


if __name__ == '__main__':
    sys.exit(main())
