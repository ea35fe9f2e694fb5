#!/usr/bin/env python3
"""Writes the licences of what is inside the library: the crates, Rust's standard library, and the linker's own parts.

    tools/licenses.py [--package wazo-auth-client] [--target TRIPLE] FILE

The same for the program of another package. Cargo says which crates it is made of on that platform; their licence files
are those that came with them. A text that several have stands once. cargo-about does the same and more, but comes as
sources only and takes longer to build than the library.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CARGO = os.environ.get('CARGO', 'cargo')
LIBRARY = 'wazo-auth-client'
TARGET = 'x86_64-unknown-linux-gnu'
# Its name, its licence, and where its text is found below the folder of ziglang.
UNWINDER = ('LLVM libunwind, by ziglang', 'Apache-2.0 WITH LLVM-exception', 'lib/libunwind/LICENSE.TXT')


def run(*command):
    """What a command prints."""
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def crates(package, target):
    """The crates inside the library or program as (name and version, licence, folder), without those of this repository."""
    # `cargo tree` knows the features that the library is built with, `cargo metadata` the folders.
    tree = run(
        CARGO, 'tree', '--locked', '--package', package, '--edges', 'normal,no-proc-macro', '--target', target,
        '--prefix', 'none', '--format', '{p}',
    )
    inside = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    metadata = json.loads(run(CARGO, 'metadata', '--locked', '--format-version', '1', '--filter-platform', target))
    found = [
        (f'{crate["name"]} {crate["version"]}', crate['license'], Path(crate['manifest_path']).parent)
        for crate in metadata['packages']
        if crate['source'] and (crate['name'], f'v{crate["version"]}') in inside
    ]
    if not found:
        sys.exit(f'licenses: cargo lists no crates inside {package}')
    return sorted(found)


def license_files(folder):
    """The licence files that came with a crate."""
    pattern = re.compile(r'(un)?licen[sc]e|copying|copyright|notice', re.IGNORECASE)
    return sorted(path for path in folder.iterdir() if path.is_file() and pattern.match(path.name))


def text_of(package, target, linker):
    """The whole file. `linker` is the folder of ziglang, or None where another linker was used."""
    texts, lines, without = {}, [], []

    def add(name, license_, files):
        lines.append(f'{name}: {license_}')
        for path in files:
            content = path.read_text(encoding='utf-8', errors='replace').strip()
            _, owners = texts.setdefault(' '.join(content.split()), (content, []))
            owners.append(f'{name} ({path.name})')
        if not files:
            without.append(name)

    for name, license_, folder in crates(package, target):
        add(name, license_, license_files(folder))
    rust = run(os.environ.get('RUSTC', 'rustc'), '--version').strip()
    notices = Path(run(os.environ.get('RUSTC', 'rustc'), '--print', 'sysroot').strip(), 'share', 'doc', 'rust', 'licenses')
    wanted = [notices / f'{name}.txt' for name in ('MIT', 'Apache-2.0')]
    add(f"Rust's standard library, {rust}", 'MIT OR Apache-2.0', [path for path in wanted if path.is_file()])
    if linker:
        add(*UNWINDER[:2], [linker / UNWINDER[2]])

    rule = '=' * 80
    what = 'native library of wazo-auth-client' if package == LIBRARY else f'program {package}'
    parts = [f'The {what} contains the following works.', '\n'.join(lines)]
    if without:
        parts.append('No licence file came with: ' + ', '.join(without) + '. Their licences are those above.')
    parts += [f'{rule}\n' + '\n'.join(owners) + f'\n{rule}\n\n{content}' for content, owners in texts.values()]
    return '\n\n'.join(parts) + '\n', len(lines), without


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--package', default=LIBRARY, help='the package of cargo (default: %(default)s)')
    parser.add_argument('--target', default=TARGET, help='the platform (default: %(default)s)')
    parser.add_argument('--ziglang', type=Path, help='the folder of the package ziglang, if it linked the library')
    parser.add_argument('file', type=Path)
    given = parser.parse_args()
    text, count, without = text_of(given.package, given.target, given.ziglang)
    given.file.write_text(text, encoding='utf-8')
    print(f'licenses: {count} works, {len(without)} of them without a text of their own ({given.file})')


if __name__ == '__main__':
    main()
