#!/usr/bin/env python3
"""`make supply-chain`: where the crates come from, what they allow, what is known to be wrong with them, and their list.

    tools/supply_chain.py [--output build/dist]

cargo-deny checks licences, sources, duplicates and advisories by the rules of deny.toml. The advisory database comes from
GitHub; where it cannot be had, that is said and counted as skipped, and everything else is checked. cargo-cyclonedx writes
the list of what the library is made of (an SBOM, CycloneDX 1.5, JSON) into OUTPUT. Both are built by cargo into
build/cargo-tools where they are not there yet, which takes some minutes.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
from report import Report  # noqa: E402

CARGO = os.environ.get('CARGO', 'cargo')
TOOLS = ROOT / 'build' / 'cargo-tools'
# Without optimisation: they run for a second.
PINNED = {'cargo-deny': '0.20.2', 'cargo-cyclonedx': '0.5.9'}
LIBRARY = ROOT / 'library' / 'Cargo.toml'


def run(*command, **environment):
    """A command's output, both streams, and whether it ended well."""
    path = os.pathsep.join([str(TOOLS / 'bin'), os.environ.get('PATH', os.defpath)])
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env={**os.environ, 'PATH': path, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    return done.returncode == 0, done.stdout


def install():
    """The tools, each of the version that is pinned."""
    for name, version in PINNED.items():
        known, said = run(CARGO, 'install', '--list', '--root', TOOLS)
        if known and f'{name} v{version}:' in said:
            continue
        print(f'# building {name} {version} into {TOOLS.relative_to(ROOT)}: some minutes', flush=True)
        well, said = run(CARGO, 'install', '--locked', '--debug', '--quiet', '--root', TOOLS, f'{name}@{version}')
        if not well:
            sys.exit(f'{said}\nsupply-chain: {name} could not be built')


def check_rules(report):
    """Licences, sources and duplicates of everything that is shipped."""
    for what, manifest in (('library', LIBRARY), ('simulator', ROOT / 'simulator' / 'Cargo.toml')):
        for rule, text in (
            ('licenses', 'every crate offers a licence that deny.toml allows'),
            ('sources', 'every crate comes from crates.io'),
            ('bans', 'no crate is there twice, none with OpenSSL'),
        ):
            well, said = run('cargo-deny', '--locked', '--manifest-path', manifest, '--config', ROOT / 'deny.toml', 'check', rule)
            report.promise(well, f'{what}: {text}', said[-3000:])


def check_advisories(report):
    """What is known to be wrong."""
    text = 'no advisory concerns a crate of the library or the simulator'
    well, said = run('cargo-deny', '--locked', '--config', ROOT / 'deny.toml', 'check', 'advisories')
    if not well and re.search(r'failed to (fetch|load|clone|open) advisory database|unable to access|resolve host', said):
        reason = next((line.strip() for line in said.splitlines() if line.startswith('fatal')), 'no network')
        report.skip(text, f'the database of RustSec could not be had: {reason[:160]}')
    else:
        report.promise(well, text, said[-3000:])


def write_sbom(report, output):
    """The list of what the library is made of, compared with what cargo says."""
    environment = {'SOURCE_DATE_EPOCH': run('git', 'log', '-1', '--format=%ct')[1].strip() or '1577836800'}
    target = 'x86_64-unknown-linux-gnu'
    well, said = run(
        'cargo-cyclonedx', 'cyclonedx', '--manifest-path', LIBRARY, '--format', 'json', '--spec-version', '1.5',
        '--target', target, '--override-filename', 'sbom', **environment,
    )
    if not report.promise(well, 'the list is written (CycloneDX)', said[-3000:]):
        return
    # It writes one beside the manifest of each member of the workspace.
    for path in ROOT.glob('**/sbom.json'):
        if path.parent != LIBRARY.parent and 'build' not in path.relative_to(ROOT).parts[:1]:
            path.unlink()
    made = LIBRARY.with_name('sbom.json')
    output.mkdir(parents=True, exist_ok=True)
    sbom = output / 'wazo-auth-client.cdx.json'
    shutil.move(made, sbom)
    listed = {(part['name'], part['version']) for part in json.loads(sbom.read_text())['components']}
    tree = run(CARGO, 'tree', '--locked', '--package', 'wazo-auth-client', '--edges', 'normal', '--target', target,
               '--prefix', 'none', '--format', '{p}')[1]
    inside = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    missing = sorted(name for name, version in inside
                     if (name, version.removeprefix('v')) not in listed and name != 'wazo-auth-client')
    report.promise(not missing, f'it has each of the {len(inside)} crates that cargo builds the library of: {sbom}',
                   f'missing: {missing}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--output', type=Path, default=ROOT / 'build' / 'dist')
    arguments = parser.parse_args()
    report = Report()
    install()
    check_rules(report)
    check_advisories(report)
    write_sbom(report, arguments.output)
    return report.end()


if __name__ == '__main__':
    sys.exit(main())
