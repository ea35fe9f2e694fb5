"""The calls that were recorded with the reference client do the same here."""
import contextlib
import io
import sys
import unittest
import warnings

import support

sys.path.insert(0, str(support.ROOT / 'tests'))
import replay


class Replay(unittest.TestCase):
    def setUp(self):
        # The program is kept as it came, and leaves its file to the garbage collector.
        warnings.simplefilter('ignore', ResourceWarning)

    def test_every_recorded_call_sends_and_returns_what_the_reference_did(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = replay.main(str(support.ROOT / 'tests' / 'data' / 'golden_calls.jsonl'))
        self.assertEqual(output.getvalue().splitlines()[-1], '134 passed, 0 failed', output.getvalue())
        self.assertEqual(status, 0)


if __name__ == '__main__':
    unittest.main()
