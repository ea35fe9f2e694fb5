#!/usr/bin/env python3
"""Compares the ABI of the C header with that of the versions before, by abidiff of libabigail. docs/abi.md has the rules.

    tools/abi.py              compares; `make test` includes it
    tools/abi.py --record     writes tests/data/abi/VERSION.abi, when a version is released

What C programs rely on is what the header says: names, parameters, results, values of enumerations. So the header's
functions are compiled once more by the C compiler, each with an empty body and with the library's version script, and
abidw writes down the types of that. (The debug information of the library itself has the types of Rust.) That the library
exports the same names with the same versions is for `make test-c` to look at.

Needs abidw and abidiff (Debian 12: abigail-tools) and a C compiler.
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import link

ROOT = link.ROOT
RECORDED = ROOT / 'tests' / 'data' / 'abi'
HEADER = ROOT / 'include' / 'wazo_auth_client.h'
# A new value of an enumeration is no break: the header asks every switch for a default.
SUPPRESSIONS = '[suppress_type]\ntype_kind = enum\nhas_data_member_inserted_at = end\n'


def run(*command):
    """Exit status and output of a command."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def compiler():
    return shlex.split(os.environ.get('CC', 'cc'))


def preprocessed():
    """The header as the compiler sees it."""
    status, text = run(*compiler(), '-E', '-P', HEADER)
    if status:
        sys.exit(text)
    return text


# An attribute, whose parentheses may hold a list; a declaration of one of our functions, whose parameters may be functions.
ATTRIBUTE = re.compile(r'__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)')
FUNCTION = re.compile(r'^((?!typedef)[\w ]*?\*?\s*\b(wazo_auth_\w+)\s*\((?:[^();]|\([^()]*\))*\))\s*;', re.M)


def with_bodies(text):
    """The declarations of that header as definitions: functions that do nothing."""
    return FUNCTION.sub(r'\1 { __builtin_trap(); }', ATTRIBUTE.sub('', text))


def describe(text, output, folder):
    """Writes the description of the ABI of that header."""
    source, library = folder / 'header.c', folder / 'libwazo_auth_client.so'
    source.write_text(with_bodies(text), encoding='utf-8')
    status, said = run(
        *compiler(), '-std=gnu11', '-w', '-g', '-O0', '-shared', '-fPIC', source, '-o', library,
        f'-Wl,--version-script={link.VERSION_SCRIPT}', f'-Wl,-soname,{link.soname()}',
    )
    if status:
        sys.exit(f'{said}abi: the functions of {HEADER} do not compile')
    status, said = run('abidw', '--no-corpus-path', '--no-comp-dir-path', '--no-show-locs', '--out-file', output, library)
    if status:
        sys.exit(f'{said}abi: abidw failed')


def recorded():
    """The descriptions of the versions that this one has to be compatible with: those with the same first number."""
    major = link.version().split('.')[0]
    return sorted(RECORDED.glob(f'{major}.*.abi'))


def differences(text):
    """How the ABI of that header breaks programs that were made for a recorded version; empty where it does not."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        described, suppressions = folder / 'now.abi', folder / 'suppressions'
        describe(text, described, folder)
        suppressions.write_text(SUPPRESSIONS, encoding='utf-8')
        found = []
        for old in recorded():
            status, said = run('abidiff', '--no-added-syms', '--suppressions', suppressions, old, described)
            # 1 and 2: abidiff itself failed; 4: the ABI has changed; 8: in a way that cannot be compatible.
            if status:
                found.append(f'compared with {old.stem}:\n{said}')
        return '\n'.join(found)


def missing_tools():
    return [tool for tool in (compiler()[0], 'abidw', 'abidiff') if not shutil.which(tool)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--record', action='store_true', help='write the description of this version')
    chosen = parser.parse_args()
    if missing := missing_tools():
        sys.exit(f'abi: {", ".join(missing)} is missing: apt-get install abigail-tools')
    if chosen.record:
        RECORDED.mkdir(parents=True, exist_ok=True)
        output = RECORDED / f'{link.version()}.abi'
        with tempfile.TemporaryDirectory() as folder:
            describe(preprocessed(), output, Path(folder))
        print(f'abi: wrote {output.relative_to(ROOT)}')
        return
    if not recorded():
        sys.exit(f'abi: no version is recorded in {RECORDED}: tools/abi.py --record')
    if found := differences(preprocessed()):
        sys.exit(f'{found}\nabi: this breaks programs that are linked already; docs/abi.md says what may change')
    print(f'abi: compatible with {", ".join(path.stem for path in recorded())}')


if __name__ == '__main__':
    main()
