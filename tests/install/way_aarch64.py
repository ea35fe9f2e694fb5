#!/usr/bin/env python3
"""The library for another platform, as tools/cross.py builds it, and the first program in C against the simulator."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tests' / 'platforms'), str(ROOT / 'tests' / 'support')]
import platforms  # noqa: E402

ABOUT = 'aarch64 Linux: a C program cross-compiled with the shared library, and another with the static one, under qemu'


def run(report, tools=None):
    """Builds the library and runs the sample; `report` counts what was found."""
    platforms.install('aarch64', report)


if __name__ == '__main__':
    from report import Report

    alone = Report()
    run(alone)
    sys.exit(alone.end())
