"""The types of the package: what type checkers find in it, and in tests that use it. `make setup` installs them."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wazo_auth_simulator")
HAS_CHECKERS = all(importlib.util.find_spec(name) for name in ("mypy", "pyright", "pytest"))

# The line that is wrong for the types says so.
PROGRAM = '''
from typing import Any, Dict, Optional
from wazo_auth_simulator import Simulator, find_program

with Simulator(tls=False, settings={"now": 1.5}, faults=[{"fault": "reset"}], program=find_program()) as simulator:
    url: str = simulator.url
    port: int = simulator.port
    urls: Dict[str, str] = simulator.urls
    name: Optional[str] = simulator.username
    content: Any = simulator.control("GET", "state")
    wrong: int = simulator.url  # wrong

def test_fixtures(wazo_auth_simulator: Simulator, wazo_auth_mock: Simulator) -> None:
    assert wazo_auth_simulator.ca_file != wazo_auth_mock.ca_file
    Simulator(tsl=False)  # wrong
'''
WRONG = [number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")]


@unittest.skipUnless(HAS_CHECKERS, "mypy, pyright or pytest is missing; `make setup` installs them")
class Types(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="wazo-auth-simulator-types-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.program = self.file("program.py", PROGRAM)

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        return path

    def mypy(self, *what):
        """Its exit status, and its lines."""
        options = ["--strict", "--config-file=", "--no-error-summary", "--no-pretty", "--cache-dir", self.folder + "/cache"]
        done = subprocess.run(
            [sys.executable, "-m", "mypy", *options, *what], env={**os.environ, "MYPYPATH": os.path.dirname(PACKAGE)},
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
        )
        return done.returncode, [line for line in done.stdout.splitlines() if ": note: " not in line]

    def test_the_package_passes_mypy_strictly(self):
        self.assertEqual(self.mypy(PACKAGE), (0, []))

    def test_mypy_finds_the_mistakes_of_a_program_and_nothing_else(self):
        _, lines = self.mypy(self.program)
        self.assertEqual([int(line.split(":")[1]) for line in lines], WRONG, lines)

    def test_pyright_finds_the_mistakes_of_a_program_and_nothing_else(self):
        configuration = {
            "include": ["program.py"], "typeCheckingMode": "strict", "pythonVersion": "3.9",
            "extraPaths": [os.path.dirname(PACKAGE)],
        }
        self.file("pyrightconfig.json", json.dumps(configuration))
        done = subprocess.run(
            [sys.executable, "-m", "pyright", "--project", self.folder, "--pythonpath", sys.executable, "--outputjson"],
            # It would look for a newer one.
            env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
        )
        found = json.loads(done.stdout)["generalDiagnostics"]
        self.assertEqual([each["range"]["start"]["line"] + 1 for each in found], WRONG, found)


if __name__ == "__main__":
    unittest.main()
