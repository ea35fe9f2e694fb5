"""The Python package: `make wheel`, then wheel and sdist in empty virtual environments of every Python that is here."""
import sys
from pathlib import Path

from run import ROOT, begin
import process

ABOUT = 'the wheel and the sdist, in empty virtual environments'


def run(report, _):
    status, said = process.run([sys.executable, ROOT / 'tools' / 'wheel.py'], seconds=3600)
    if report.promise(status == 0, 'make wheel builds wheel and sdist', said[-3000:]):
        status, said = process.run(
            [sys.executable, ROOT / 'tests' / 'support' / 'unittests.py', ROOT / 'tests' / 'install'], seconds=3600
        )
        report.program(said, status, 'the tests of the installed package')


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_')).end())
