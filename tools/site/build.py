"""Builds the documentation site into build/docs: run by tools/docs.sh, in an environment that has the generator.

The guides (docs/*.md and the READMEs of bindings/) become pages by MkDocs; the C and C++ interface by Doxygen, below
build/docs/api; the Python interface by mkdocstrings, from its sources; the Rust interface is what `cargo doc` has written,
where it has. In the end every link of the site is followed (tools/site/check.py). A warning of anything is a failure.
"""
import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import check
from pages import Pages
from reference import Reference, link_back, render

ROOT = Path(__file__).resolve().parents[2]
WORK, SITE = ROOT / 'build' / 'site', ROOT / 'build' / 'docs'
RUST = ROOT / 'target' / 'doc'

# The Python modules that a program imports.
PYTHON = (
    'client', 'aio', 'verifier', 'renewer', 'access', 'auth_verifier', 'wsgi', 'asgi', 'paging', 'readiness', 'events',
    'exceptions',
)


def public_names(module):
    """What a module lists in __all__; None if it has no such list."""
    source = ROOT / 'bindings' / 'python' / 'wazo_auth_client' / f'{module}.py'
    for statement in ast.parse(source.read_text(encoding='utf-8')).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == '__all__':
            return ast.literal_eval(statement.value)
    return None


def python_page():
    """The page of the Python package."""
    lines = ['# Python', '', 'Read from the sources of the package. `wazo_auth_client.Client` is `AuthClient`, with',
             '`AsyncClient` for asyncio.',
             '[Operations](operations.md) has the methods of the resources (`client.users.list` and all others), with their',
             'arguments and results.', '']
    for module in PYTHON:
        lines += [f'## wazo_auth_client.{module}', '', f'::: wazo_auth_client.{module}',
                  '    options:', '      show_root_heading: false', '      show_root_toc_entry: false']
        names = public_names(module)
        lines += [f'      members: {names}', ''] if names else ['']
    return '\n'.join(lines)


def rust_page(has_rust):
    """The page that leads to the Rust documentation."""
    place = ('<a href="rust/wazo_auth_client/index.html">The documentation of the crate</a>, as `cargo doc` wrote it.'
             if has_rust else
             'This copy of the site was built without it. `cargo doc --no-deps -p wazo-auth-client-rust` writes it into'
             ' `target/doc`; `make docs` then takes it over. `cargo doc --open` shows it alone.')
    return f'# Rust\n\n{place}\n\n[Start in Rust](start-rust.md) has complete programs.\n'


def configuration(pages):
    """MkDocs' settings, without the pages that are not there; those that its navigation forgets come at the end."""
    lines, missing = [], []
    named = set()
    for line in (ROOT / 'tools' / 'site' / 'mkdocs.yml').read_text(encoding='utf-8').splitlines():
        entry = re.fullmatch(r' +- [^:]+: (\S+\.md)', line)
        if entry:
            named.add(entry[1])
            if entry[1] not in pages:
                missing.append(entry[1])
                continue
        lines.append(line)
    forgotten = sorted(page for page in pages if page not in named and not page.startswith('source/'))
    if forgotten:
        lines += ['  - More:', *(f'      - {page}' for page in forgotten)]
    shown = sorted(page for page in pages if page.startswith('source/'))
    lines += ['not_in_nav: |', *(f'  /{page}' for page in shown)] if shown else []
    for page in missing:
        print(f'docs: left out of the navigation, as it is not there: {page}')
    text = '\n'.join(lines) + '\n'
    # A part of the navigation without a page.
    return re.sub(r'^  - [^:\n]+:\n(?=  - |[a-z]|\Z)', '', text, flags=re.MULTILINE)


def main():
    shutil.rmtree(SITE, ignore_errors=True)
    for name in ('pages', 'xml'):
        shutil.rmtree(WORK / name, ignore_errors=True)
    (SITE / 'api').mkdir(parents=True)
    (WORK / 'pages').mkdir(parents=True)

    render(ROOT, WORK)
    reference = Reference(WORK / 'xml')
    pages = Pages(ROOT, WORK / 'pages', reference.places)
    written = pages.write()
    has_rust = (RUST / 'wazo_auth_client' / 'index.html').exists()
    written += [
        pages.put('c-functions.md', reference.functions_page()), pages.put('cpp-classes.md', reference.classes_page()),
        pages.put('python-api.md', python_page()), pages.put('rust-api.md', rust_page(has_rust)),
    ]
    for asset in (ROOT / 'tools' / 'site' / 'assets').iterdir():
        pages.copy(asset, f'assets/{asset.name}')
    (WORK / 'mkdocs.yml').write_text(configuration(set(written)), encoding='utf-8')

    # MkDocs empties the folder that it writes to.
    shutil.move(SITE / 'api', WORK / 'api-of-this-run')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--quiet', '--config-file', WORK / 'mkdocs.yml']
    # The theme's word on its successor is for who maintains this, and stands in tools/site/requirements.txt.
    done = subprocess.run(command, env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'})
    shutil.move(WORK / 'api-of-this-run', SITE / 'api')
    if done.returncode:
        sys.exit('docs: MkDocs has warned: see above')
    link_back(SITE / 'api', set(written))
    if has_rust:
        shutil.copytree(RUST, SITE / 'rust')

    problems = check.problems(SITE)
    for problem in problems:
        print(f'docs: {problem}')
    if problems:
        sys.exit(f'docs: {len(problems)} links lead nowhere or to another host')
    print(f'docs: {len(written)} pages and the reference; open build/docs/index.html')


if __name__ == '__main__':
    main()
