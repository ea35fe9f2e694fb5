"""A wazo-auth in memory, for tests of its clients: the program wazo-auth-simulator, and what starts it from Python."""

from ._simulator import Simulator, find_program

__all__ = ["Simulator", "find_program"]
