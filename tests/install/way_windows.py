#!/usr/bin/env python3
"""The library for another platform, as tools/cross.py builds it, and the first program in C against the simulator."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tests' / 'platforms'), str(ROOT / 'tests' / 'support')]
import platforms  # noqa: E402

ABOUT = 'x86_64 Windows: a C program built by MinGW with the DLL beside it, and another with the static library, under Wine'


def run(report, tools=None):
    """Builds the library and runs the sample; `report` counts what was found."""
    platforms.install('windows', report)


if __name__ == '__main__':
    from report import Report

    alone = Report()
    run(alone)
    sys.exit(alone.end())
