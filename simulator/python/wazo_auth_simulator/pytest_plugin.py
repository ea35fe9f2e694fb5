"""The pytest plugin: the fixtures `wazo_auth_simulator` and `wazo_auth_mock`. pytest loads it by its entry point.

Each test gets a simulator of its own, which starts in some 15 ms: no test sees what another one has left. A marker of
the fixture's name gives the arguments of `Simulator`, for a test, a class or a module; the nearest one counts:

    @pytest.mark.wazo_auth_simulator(tls=False, settings={"user_registration": True})
    def test_registration(wazo_auth_simulator): ...
"""

from __future__ import annotations

from typing import Any, Iterator, Optional

import pytest

from ._simulator import Simulator

MARKERS = {
    "wazo_auth_simulator": "arguments of Simulator for the fixture wazo_auth_simulator, by their names",
    "wazo_auth_mock": "arguments of Simulator for the fixture wazo_auth_mock, by their names",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wazo-auth-simulator")
    said = "the program that the fixtures wazo_auth_simulator and wazo_auth_mock start, in the place of the installed one"
    group.addoption("--wazo-auth-simulator", metavar="PATH", dest="wazo_auth_simulator", help=said)
    parser.addini("wazo_auth_simulator", f"{said}; relative to the ini file", type="string")


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}(**arguments): {meaning}")


def _program(config: pytest.Config) -> Optional[str]:
    """The program that the command line or the ini file names."""
    given: Optional[str] = config.getoption("wazo_auth_simulator")
    if given:
        return given
    named: str = config.getini("wazo_auth_simulator")
    if not named:
        return None
    folder = config.inipath.parent if config.inipath else config.rootpath
    return str(folder / named)


def _arguments(request: pytest.FixtureRequest, name: str, **defaults: Any) -> dict[str, Any]:
    """The arguments of Simulator: the defaults, and over them those of the markers, the nearest one last."""
    arguments: dict[str, Any] = {"program": _program(request.config), **defaults}
    test: pytest.Item = request.node
    for marker in reversed(list(test.iter_markers(name))):
        if marker.args:
            raise pytest.UsageError(f"the marker {name} takes arguments by their names, such as tls=False, got {marker.args}")
        arguments.update(marker.kwargs)
    return arguments


@pytest.fixture
def wazo_auth_simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A wazo-auth of this test's own, over HTTPS, with the administrator `admin`, `secret`."""
    with Simulator(**_arguments(request, "wazo_auth_simulator")) as simulator:
        yield simulator


@pytest.fixture
def wazo_auth_mock(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The wazo-auth mock of Wazo's test helpers, of this test's own, over plain HTTP."""
    with Simulator(**_arguments(request, "wazo_auth_mock", tls=False, mock=True)) as simulator:
        yield simulator
