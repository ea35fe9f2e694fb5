"""Running programs in tests: a command with its output and an end to it, and valgrind."""
import os
import subprocess
import tempfile
from pathlib import Path

# What makes a test hang would hang whoever waits for it.
LONGEST_SECONDS = 300


def run(command, environment=None, seconds=LONGEST_SECONDS, **options):
    """Runs a command, its environment being added to this one's; gives its exit status and all that it said."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            timeout=seconds,
            env={**os.environ, **(environment or {})},
            **options,
        )
    except subprocess.TimeoutExpired as expired:
        said = expired.stdout or b''
        said = said.decode(errors='replace') if isinstance(said, bytes) else said
        return 124, f'{said}\nstill running after {seconds} s: ended'
    except OSError as problem:
        return 127, str(problem)
    return done.returncode, done.stdout


def valgrind(options, command, environment=None):
    """Runs a command under valgrind: its exit status (99 where valgrind found an error), what it said, what valgrind said."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / 'valgrind.log'
        under = ['valgrind', '--quiet', '--leak-check=full', '--error-exitcode=99', f'--log-file={log}']
        status, said = run([*under, *options, *command], environment)
        return status, said, log.read_text(errors='replace') if log.exists() else ''
