"""Runs mypy and pyright over programs that use the package, and reads what they found."""
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

from support import PACKAGE

MYPY_LINE = re.compile(r'(?P<path>[^:\n]+):(?P<line>\d+): error: (?P<text>.*?)  \[(?P<code>[\w-]+)\]')


class Finding(NamedTuple):
    file: str
    line: int
    code: str
    text: str


class Project:
    """A folder with programs. `has_requests` says whether the checkers find `requests`, which this interpreter has."""

    def __init__(self, folder, programs, has_requests):
        self.folder = folder
        self.interpreter = sys.executable
        if not has_requests:
            venv.create(folder / 'bare', with_pip=False)
            self.interpreter = str(next((folder / 'bare').glob('[bS]*/python*')))
        (folder / 'programs').mkdir()
        for name, text in programs.items():
            (folder / 'programs' / name).write_text(text, encoding='utf-8')

    def mypy(self, *more):
        """What `mypy --strict` finds in the programs, and in the files and folders of `more`."""
        done = subprocess.run(
            [
                sys.executable, '-m', 'mypy', '--strict', '--show-error-codes', '--no-error-summary', '--no-pretty',
                '--config-file=', '--cache-dir', str(self.folder / 'cache'),
                '--python-executable', self.interpreter, str(self.folder / 'programs'), *map(str, more),
            ],
            env={**os.environ, 'MYPYPATH': str(PACKAGE)}, capture_output=True, text=True, timeout=600,
        )
        found = [
            Finding(Path(match['path']).name, int(match['line']), match['code'], match['text'])
            for match in MYPY_LINE.finditer(done.stdout)
        ]
        # It ends with 0 where it found nothing, with 1 where it found something; else it did not look.
        if done.stderr or done.returncode != bool(found):
            raise AssertionError(f'mypy ended with {done.returncode}:\n{done.stdout}{done.stderr}')
        return found

    def pyright(self, version='3.9'):
        """What pyright finds in the programs, in its strict mode."""
        configuration = {
            'include': ['programs'], 'typeCheckingMode': 'strict', 'pythonVersion': version,
            'extraPaths': [str(PACKAGE)],
        }
        (self.folder / 'pyrightconfig.json').write_text(json.dumps(configuration), encoding='utf-8')
        done = subprocess.run(
            [sys.executable, '-m', 'pyright', '--project', str(self.folder), '--pythonpath', self.interpreter,
             '--outputjson'],
            # The package of PyPI brings its program and would look for a newer one.
            env={**os.environ, 'PYRIGHT_PYTHON_IGNORE_WARNINGS': '1'}, capture_output=True, text=True, timeout=600,
        )
        if done.returncode not in (0, 1):
            raise AssertionError(f'pyright ended with {done.returncode}:\n{done.stdout}{done.stderr}')
        report = json.loads(done.stdout)
        if report['summary']['filesAnalyzed'] != len(list((self.folder / 'programs').glob('*.py'))):
            raise AssertionError(f'pyright did not look at every program: {report["summary"]}')
        return [
            Finding(Path(found['file']).name, found['range']['start']['line'] + 1, found.get('rule', ''),
                    found['message'])
            for found in report['generalDiagnostics'] if found['severity'] == 'error'
        ]
