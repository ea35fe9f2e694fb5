#!/usr/bin/env python3
"""Runs the tests that are written with Python's unittest, and says what they found as every other runner does.

    tests/support/unittests.py FOLDER_OR_FILE ...

A folder stands for its test_*.py. The line of a promise is the name of its test; a module or a test that was skipped is
counted as such. Library and simulator are found, or built, before (tests/support/artifacts.py).
"""
import sys
import unittest
from pathlib import Path

import artifacts
from report import Report


def promise_of(test):
    """`test_a_thing_holds (module.Class...)` as a sentence with the place where it stands."""
    name = getattr(test, '_testMethodName', None)
    if name is None:
        return str(test)
    place = type(test).__name__
    return f'{place}: {name.removeprefix("test_").replace("_", " ")}'


class Result(unittest.TestResult):
    """Reports each test when it has ended."""

    def __init__(self, report):
        super().__init__()
        self.report, self.problems = report, []

    def startTest(self, test):
        super().startTest(test)
        self.problems = []

    def stopTest(self, test):
        super().stopTest(test)
        if self.problems is not None:
            self.report.promise(not self.problems, promise_of(test), '\n'.join(self.problems))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report.skip(promise_of(test), reason)
        self.problems = None

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.report.skip(promise_of(test), 'known to fail')
        self.problems = None

    def failed(self, test, error):
        said = self._exc_info_to_string(error, test)
        if self.problems is None or not isinstance(test, unittest.TestCase):
            # Of a module or class as a whole: no test is to end.
            self.report.promise(False, promise_of(test), said)
        else:
            self.problems.append(said)

    def addError(self, test, error):
        super().addError(test, error)
        self.failed(test, error)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.failed(test, error)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.problems.append('it holds, where it is marked as known to fail')

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.problems.append(f'{subtest._subDescription()}\n{self._exc_info_to_string(error, test)}')


def main(places):
    artifacts.library()
    artifacts.simulator()
    report = Report()
    for place in map(Path, places):
        folder, pattern = (place, 'test_*.py') if place.is_dir() else (place.parent, place.name)
        unittest.TestLoader().discover(str(folder), pattern).run(Result(report))
    return report.end()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
