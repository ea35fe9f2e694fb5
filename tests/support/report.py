"""What the runners of the tests say: a line for each promise, and the counts as the last one.

    ok - the header compiles alone
    not ok - nothing is lost                                (lines with # before it say what was seen)
    skipped - valgrind finds nothing (valgrind is missing: make setup)
    2 passed, 1 failed, 1 skipped

What needs a tool that is not here is skipped, and counted as such; everything else that cannot run has failed.
"""
import re
import shutil


class Report:
    """Counts promises as it writes their lines."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def promise(self, holds, text, why=''):
        """The line of a promise; where it does not hold, what was seen stands before it."""
        if not holds:
            self.note(why)
        self.line(f'{"ok" if holds else "not ok"} - {text}')
        return bool(holds)

    def skip(self, text, reason):
        """A promise that is not looked at here."""
        self.line(f'skipped - {text} ({reason})')

    def lacks(self, tool, text):
        """Whether the tool is missing; if so, the promise that it is for is skipped."""
        if shutil.which(tool):
            return False
        self.skip(text, f'{tool} is missing: make setup')
        return True

    @staticmethod
    def note(text):
        """What was seen, a # before each line."""
        for line in text.strip().splitlines():
            print(f'#   {line}', flush=True)

    def line(self, text):
        """Writes a line as it is, and counts it where it is that of a promise."""
        print(text, flush=True)
        self.passed += text.startswith('ok - ')
        self.failed += text.startswith('not ok - ')
        self.skipped += text.startswith('skipped - ')

    @property
    def settled(self):
        """How many promises there were so far."""
        return self.passed + self.failed + self.skipped

    def program(self, output, status, name, prefix=''):
        """Takes over the lines and counts of a test program that has ended. One that says nothing, or ends in another way
        than its lines say, has failed."""
        passed, failed = self.passed, self.failed
        counts = ''
        for line in output.splitlines():
            word, dash, rest = line.partition(' - ')
            if dash and word in ('ok', 'not ok', 'skipped'):
                self.line(f'{word} - {prefix}{rest}')
            elif re.fullmatch(r'\d+ passed, \d+ failed', line):
                counts = line
            else:
                print(line, flush=True)
        seen = f'{self.passed - passed} passed, {self.failed - failed} failed'
        is_well = (status == 0) == (self.failed == failed) and self.settled and counts in ('', seen)
        if not is_well or (self.passed, self.failed) == (passed, failed):
            self.promise(False, f'{prefix}{name} comes to its end', f'exit status {status}; {seen}; it said: {counts}')

    def end(self):
        """The last line; gives the exit status. A run in which nothing was even skipped has not passed."""
        print(f'{self.passed} passed, {self.failed} failed' + (f', {self.skipped} skipped' if self.skipped else ''))
        return 1 if self.failed or not self.settled else 0
