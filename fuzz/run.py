#!/usr/bin/env python3
"""`make fuzz`: fuzzes the targets one after the other, and ends with a table.

    fuzz/run.py [--minutes 10] [--keep] [TARGET ...]

It begins with the inputs that are checked in (`corpora`, `seeds`) and with those that the recordings of tests/data make
(gathered.py). With a nightly toolchain the programs have AddressSanitizer; with the stable one they have none, and
find panics, wrong answers and hangs all the same. `--keep` writes what was found back to `corpora`, minimised.

cargo-fuzz is installed into build/fuzz where it is missing. Exits with 1 where an input was found that breaks a target.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import gathered

FUZZ = Path(__file__).resolve().parent
ROOT = FUZZ.parent
BUILD = ROOT / 'build' / 'fuzz'
CARGO = os.environ.get('CARGO', 'cargo')
CARGO_FUZZ = '0.13.2'
# Of what is checked in for a target: this many inputs, of this many bytes as text.
MOST_INPUTS, MOST_BYTES = 250, 64_000
LONGEST = 4096
STATUS = re.compile(r'^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+.*exec/s: (\d+)')


def say(text):
    print(f'fuzz: {text}', flush=True)


def escaped(data):
    """As a line of a corpus."""
    known = {0x09: r'\t', 0x0a: r'\n', 0x0d: r'\r', 0x5c: r'\\'}
    text = ''.join(known.get(byte) or (chr(byte) if 0x20 <= byte < 0x7f else f'\\x{byte:02x}') for byte in data)
    return '\\x23' + text[1:] if text.startswith('#') else text


def inputs(path):
    """The inputs of a corpus."""
    lines = path.read_text(encoding='ascii').splitlines() if path.exists() else []
    return [line.encode().decode('unicode_escape').encode('latin-1') for line in lines if not line.startswith('#')]


def targets():
    return sorted(path.stem for path in (FUZZ / 'fuzz_targets').glob('*.rs'))


def environment():
    return {**os.environ, 'PATH': f"{BUILD / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def prepare():
    """What is needed: cargo-fuzz, a C++ compiler, the toolchain. The arguments of cargo for the latter two."""
    if not any(shutil.which(name) for name in ('c++', 'g++', 'clang++')):
        sys.exit('fuzz: libFuzzer needs a C++ compiler: apt-get install g++')
    if subprocess.run([CARGO, 'fuzz', '--version'], env=environment(), capture_output=True).returncode != 0:
        say(f'installing cargo-fuzz {CARGO_FUZZ} into {BUILD}')
        subprocess.run(
            [CARGO, 'install', 'cargo-fuzz', '--version', CARGO_FUZZ, '--locked', '--quiet', '--root', BUILD], check=True
        )
    # `cargo +nightly` is rustup's; where cargo is another program, it is what it is.
    nightly = os.environ.get('FUZZ_TOOLCHAIN', 'nightly')
    if nightly and subprocess.run([CARGO, f'+{nightly}', '--version'], capture_output=True).returncode == 0:
        say(f'with the toolchain {nightly} and AddressSanitizer')
        return [f'+{nightly}'], []
    say('without a nightly toolchain there is no AddressSanitizer (rustup toolchain install nightly)')
    return [], ['--sanitizer', 'none']


class Fuzzing:
    """One target."""

    def __init__(self, name, toolchain, sanitizer):
        self.name, self.toolchain = name, toolchain
        # `--release`: debug assertions are as Cargo.toml says; cargo-fuzz would have them everywhere.
        self.options = ['--fuzz-dir', FUZZ, '--no-cfg-fuzzing', '--release', *sanitizer]
        target = Path(os.environ.get('CARGO_TARGET_DIR', ROOT / 'target')).absolute() / 'fuzzing'
        self.options += ['--target-dir', target]
        self.corpus = BUILD / 'corpus' / name
        self.executions = self.coverage = self.kept = self.speed = 0
        self.seconds = 0.0
        self.found = []

    def cargo_fuzz(self, *words):
        return [CARGO, *self.toolchain, 'fuzz', words[0], *self.options, *words[1:]]

    def unpack(self):
        self.corpus.mkdir(parents=True, exist_ok=True)
        known = inputs(FUZZ / 'corpora' / f'{self.name}.txt') + inputs(FUZZ / 'seeds' / f'{self.name}.txt')
        for number, data in enumerate(known + gathered.inputs(self.name)):
            (self.corpus / f'known-{number:04}').write_bytes(data)

    def run(self, minutes):
        self.unpack()
        artifacts = BUILD / 'artifacts' / self.name
        shutil.rmtree(artifacts, ignore_errors=True)
        artifacts.mkdir(parents=True)
        words = [
            f'-max_total_time={int(minutes * 60)}', '-timeout=20', f'-max_len={LONGEST}', '-rss_limit_mb=2048',
            '-print_final_stats=1', f'-artifact_prefix={artifacts}/', f'-dict={FUZZ / "words.dict"}',
        ]
        log = BUILD / f'{self.name}.log'
        say(f'{self.name} for {minutes:g} minutes; its output is in {log}')
        began = told = time.monotonic()
        with log.open('w', encoding='utf-8') as file:
            running = subprocess.Popen(
                self.cargo_fuzz('run', self.name, self.corpus, '--', *words), env=environment(), cwd=ROOT,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
            )
            for line in running.stdout:
                file.write(line)
                if status := STATUS.match(line):
                    self.executions, self.coverage, _, self.kept, _ = map(int, status.groups())
                    if time.monotonic() - told > 30:
                        told = time.monotonic()
                        print(f'    {told - began:5.0f} s  {line.strip()[:100]}', flush=True)
                elif exact := re.match(r'stat::number_of_executed_units:\s*(\d+)', line):
                    self.executions = int(exact[1])
                elif exact := re.match(r'stat::average_exec_per_sec:\s*(\d+)', line):
                    self.speed = int(exact[1])
            failed = running.wait() != 0
        self.seconds = time.monotonic() - began
        self.found = sorted(artifacts.iterdir())
        if failed and not self.found:
            sys.exit(f'fuzz: {self.name} did not run: see {log}')
        for path in self.found:
            say(f'{self.name}: {path.name.split("-")[0]}; to keep it, add this line to fuzz/seeds/{self.name}.txt:')
            print(escaped(path.read_bytes()), flush=True)

    def keep(self):
        """Writes the smallest inputs that reach all that is reached back to `corpora`."""
        subprocess.run(
            self.cargo_fuzz('cmin', self.name, self.corpus), env=environment(), cwd=ROOT, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        lines, length = [], 0
        for line in sorted({escaped(path.read_bytes()) for path in self.corpus.iterdir()}, key=lambda line: (len(line), line)):
            length += len(line) + 1
            if len(lines) == MOST_INPUTS or length > MOST_BYTES:
                break
            lines.append(line)
        about = f'# Found by fuzzing, minimised: `make fuzz TARGET={self.name} KEEP=1` writes this file.\n'
        (FUZZ / 'corpora' / f'{self.name}.txt').write_text(about + '\n'.join(lines) + '\n', encoding='ascii')
        say(f'{self.name}: {len(lines)} inputs are kept')

    def row(self):
        return f'| `{self.name}` | {self.executions:,} | {self.speed:,} | {self.coverage:,} | {self.kept:,} | {len(self.found)} |'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--minutes', type=float, default=10)
    parser.add_argument('--keep', action='store_true')
    parser.add_argument('targets', nargs='*', metavar='TARGET')
    chosen = parser.parse_args()
    known = targets()
    for name in chosen.targets:
        if name not in known:
            sys.exit(f'fuzz: there is no target {name}; the targets are {", ".join(known)}')
    toolchain, sanitizer = prepare()
    all_of_them = [Fuzzing(name, toolchain, sanitizer) for name in chosen.targets or known]
    say('building, which takes some minutes the first time')
    subprocess.run(all_of_them[0].cargo_fuzz('build'), env=environment(), cwd=ROOT, check=True)
    for fuzzing in all_of_them:
        fuzzing.run(chosen.minutes)
        if chosen.keep and not fuzzing.found:
            fuzzing.keep()
    table = '\n'.join([
        '| target | executions | each second | coverage (edges) | corpus | found |',
        '|---|---|---|---|---|---|',
        *(fuzzing.row() for fuzzing in all_of_them),
    ])
    (BUILD / 'table.md').write_text(table + '\n', encoding='utf-8')
    print(f'\n== make fuzz: {chosen.minutes:g} minutes each\n{table}')
    return 1 if any(fuzzing.found for fuzzing in all_of_them) else 0


if __name__ == '__main__':
    sys.exit(main())
