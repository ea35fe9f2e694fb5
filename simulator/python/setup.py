"""Builds the wheel of the simulator: the package, and the program among the scripts. Any Python 3, one platform.

The program is the file that WAZO_AUTH_SIMULATOR_BUILD_PROGRAM names (tools/wheel_simulator.py does so), else the one that
cargo builds in the checkout around this folder. The wheel has the version that the program says it has.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.dist import Distribution

VARIABLE = "WAZO_AUTH_SIMULATOR_BUILD_PROGRAM"
ARTIFACTS = Path(__file__).resolve().parents[2] / "tests" / "support" / "artifacts.py"


def give_up(reason):
    """Ends this in one sentence, which pip shows. setuptools would do so for an error of a command; this is before any."""
    sys.exit(f"error: {reason}")


@functools.lru_cache(maxsize=None)
def program():
    """The path of the program that goes into the wheel."""
    named = os.environ.get(VARIABLE)
    if named:
        if not os.path.isfile(named):
            give_up(f"{VARIABLE} names {named}, which is not a file")
        return Path(named)
    if not ARTIFACTS.is_file() or shutil.which(os.environ.get("CARGO", "cargo")) is None:
        missing = "cargo is not on PATH" if ARTIFACTS.is_file() else "the Rust sources are not around this folder"
        give_up(
            f"wazo-auth-simulator needs its program, and {missing}: install a wheel of this platform, or install Rust "
            f"(https://rustup.rs), or name a built program in {VARIABLE}."
        )
    print("building the program (some minutes)", flush=True)
    done = subprocess.run(
        [sys.executable, ARTIFACTS, "--build", "simulator"],
        env={**os.environ, "RELEASE": "1"}, stdout=subprocess.PIPE, text=True,
    )
    if done.returncode:
        give_up("cargo could not build the program: it says why above")
    return Path(done.stdout.strip())


@functools.lru_cache(maxsize=None)
def version():
    """The version of the program, which therefore runs on this platform, after which the wheel is named."""
    try:
        said = subprocess.run([program(), "--version"], stdout=subprocess.PIPE, text=True, timeout=60).stdout
    except OSError as error:
        give_up(f"{program()} does not run on this platform: {error}")
    found = re.fullmatch(r"wazo-auth-simulator (\S+)\n", said)
    if not found:
        give_up(f"{program()} is not wazo-auth-simulator: --version prints {said[:60]!r}")
    return found.group(1)


class PlatformDistribution(Distribution):
    def has_ext_modules(self):
        """The wheel belongs to one platform."""
        return True


class BuildProgram(Command):
    """Puts the program where scripts are put. setuptools' own command takes scripts for texts."""

    user_options = [("build-dir=", "d", "where to"), ("force", "f", "also if it is there")]
    boolean_options = ["force"]

    def initialize_options(self):
        self.build_dir = self.force = None

    def finalize_options(self):
        self.set_undefined_options("build", ("build_scripts", "build_dir"), ("force", "force"))

    def get_source_files(self):
        return []

    def run(self):
        folder = Path(self.build_dir)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        target = folder / ("wazo-auth-simulator" + program().suffix)
        shutil.copyfile(program(), target)
        target.chmod(0o755)


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        """The program needs no Python at all."""
        return ("py3", "none", super().get_tag()[2])


setup(
    version=version(),
    # BuildProgram has its path; setuptools installs what is built where this is not empty.
    scripts=["wazo-auth-simulator"],
    distclass=PlatformDistribution,
    cmdclass={"bdist_wheel": PlatformWheel, "build_scripts": BuildProgram},
)
