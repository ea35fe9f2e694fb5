"""The package on another system than this one, as far as this one can tell: which library it loads, and what it imports."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import PACKAGE, Server

# Runs first in a Python that is to take itself for one of Windows. What Python's own modules decide by the name of the
# platform is decided before; then what Windows has not is taken away.
AS_ON_WINDOWS = """
import asyncio, concurrent.futures, ctypes, datetime, json, logging, os, select, signal, ssl, sys, threading, typing, urllib.parse
for name in ('fcntl', 'grp', 'posix', 'pwd', 'resource', 'termios'):
    sys.modules[name] = None
for name in ('fork', 'register_at_fork', 'getuid', 'set_blocking'):
    if hasattr(os, name):
        delattr(os, name)
for name in ('SIGALRM', 'SIGHUP', 'pthread_sigmask', 'pthread_kill', 'setitimer', 'sigwait'):
    if hasattr(signal, name):
        delattr(signal, name)
sys.platform = {platform!r}
"""
USE = """
from wazo_auth_client import Client, _library
client = Client('127.0.0.1', {port}, https=False, prefix=None, username='alice', password='secret', timeout=20)
client.status.check()
print(_library.library().releasing._name)
"""


class Library(unittest.TestCase):
    """A package that was installed with the library of that system, and others beside it that must not be taken."""

    def loaded_on(self, platform, file_name):
        with tempfile.TemporaryDirectory() as folder, Server((200, {}, '{}')) as server:
            package = Path(folder) / 'wazo_auth_client'
            shutil.copytree(PACKAGE / 'wazo_auth_client', package, ignore=shutil.ignore_patterns('_native', '__pycache__'))
            native = package / '_native'
            native.mkdir()
            for name in ('wazo_auth_client.dll', 'libwazo_auth_client.dylib', 'libwazo_auth_client.so'):
                (native / name).write_text('not a library')
            # Its contents are of this system, so that it can be loaded here; it is found by its name.
            (native / file_name).unlink()
            (native / file_name).symlink_to(os.environ['WAZO_AUTH_CLIENT_LIBRARY'])
            environment = {key: value for key, value in os.environ.items() if key != 'WAZO_AUTH_CLIENT_LIBRARY'}
            code = AS_ON_WINDOWS.format(platform=platform) + USE.format(port=server.port)
            done = subprocess.run(
                [sys.executable, '-c', code], cwd=folder, env={**environment, 'PYTHONPATH': folder},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
            )
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(done.stdout.strip(), str(native / file_name))
            self.assertTrue(server.seen)

    def test_on_windows_the_package_imports_without_the_modules_of_unix_and_takes_its_dll(self):
        self.loaded_on('win32', 'wazo_auth_client.dll')

    def test_on_macos_it_takes_its_dylib(self):
        self.loaded_on('darwin', 'libwazo_auth_client.dylib')


if __name__ == '__main__':
    unittest.main()
