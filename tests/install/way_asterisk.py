"""The Asterisk module, compiled for and loaded into the real Asterisk: what tests/asterisk does, with Asterisk downloaded first
where there is none. Also runs alone: python tests/install/way_asterisk.py
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABOUT = 'res_wazo_auth.so in the real Asterisk, which is downloaded into build/asterisk where it is missing'


def run(report, tools=None):
    has_asterisk = os.environ.get('ASTERISK_ROOT') or (ROOT / 'build/asterisk/root').exists() or Path('/usr/include/asterisk.h').exists()
    if not has_asterisk:
        done = subprocess.run(
            [ROOT / 'bindings/c/asterisk/setup.sh'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            report.note(done.stdout)
            report.skip('the Asterisk module in the real Asterisk', 'bindings/c/asterisk/setup.sh failed, as said above')
            return
    done = subprocess.run(
        [sys.executable, ROOT / 'tests/asterisk/run.py'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    report.program(done.stdout, done.returncode, 'tests/asterisk', 'Asterisk: ')


if __name__ == '__main__':
    sys.path.insert(0, str(ROOT / 'tests' / 'support'))
    from report import Report

    only = Report()
    run(only)
    sys.exit(only.end())
