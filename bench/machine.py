"""What a figure was measured on: the machine and the versions, without anything that names it."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path


def first_line(*words):
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    except OSError:
        return 'not installed'
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else 'unknown'


def load():
    """The load of the last minute: what else the machine does."""
    return round(os.getloadavg()[0], 2)


def describe(programs):
    processor = re.search(r'^model name\s*:\s*(.*)$', Path('/proc/cpuinfo').read_text(), re.MULTILINE)
    memory = re.search(r'^MemTotal:\s*(\d+)', Path('/proc/meminfo').read_text(), re.MULTILINE)
    versions = first_line(str(programs.python), '-c', VERSIONS) if programs.python else 'unknown'
    return {
        'processor': processor[1] if processor else platform.machine(),
        'cores': len(os.sched_getaffinity(0)),
        'memory': f'{int(memory[1]) // 1048576} GiB' if memory else 'unknown',
        'kernel': f'{platform.system()} {platform.release()}',
        'nginx': first_line(shutil.which('nginx') or '/usr/sbin/nginx', '-v').rpartition('/')[2],
        'libcurl': first_line('curl', '--version').partition(' ')[2],
        'Python': f'{platform.python_version()}; {versions}',
        'rustc': first_line('rustc', '--version'),
        'C compiler': first_line(os.environ.get('CC', 'cc'), '--version'),
        'valgrind': first_line('valgrind', '--version'),
    }


VERSIONS = """
from importlib.metadata import version, PackageNotFoundError
def text(name):
    try:
        return name + ' ' + version(name)
    except PackageNotFoundError:
        return name + ' not installed'
print(', '.join(map(text, ('requests', 'urllib3', 'httpx'))))
"""
