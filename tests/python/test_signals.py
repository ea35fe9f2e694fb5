"""Ctrl-C and signal handlers: they run while a call of the main thread waits, and their exceptions end the call."""
import unittest

from support import ServerTest, run_python

# A server that accepts connections and never answers, and a client of it without a time limit.
SILENT = '''
import os, signal, socket, threading, time
from wazo_auth_client import Client, exceptions
# A test that runs in the background inherits that the signal is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
listening = socket.create_server(('127.0.0.1', 0))
asked = threading.Event()
def serve():
    while True:
        connection, _ = listening.accept()
        connection.recv(65536)
        asked.set()
        held.append(connection)
held = []
threading.Thread(target=serve, daemon=True).start()
client = Client('127.0.0.1', listening.getsockname()[1], None, https=False, timeout=None)
def when_asked(act):
    def wait():
        asked.wait()
        act()
    threading.Thread(target=wait, daemon=True).start()
'''


class MainThread(unittest.TestCase):
    def test_ctrl_c_ends_a_call_without_a_time_limit(self):
        output = run_python(
            SILENT + 'for call in (client.users.list, lambda: client.call("users.list"), lambda: client.request("GET", "/x")):\n'
            '    asked.clear()\n'
            '    when_asked(lambda: os.kill(os.getpid(), signal.SIGINT))\n'
            '    try:\n        call()\n'
            '    except KeyboardInterrupt as error:\n        print("interrupted", error.__context__)\n'
        )
        self.assertEqual(output.splitlines(), ['interrupted None'] * 3)

    def test_ctrl_c_ends_the_wait_of_a_verifier_and_of_a_listing(self):
        for begin in (
            'from wazo_auth_client.verifier import Verifier\nwait = lambda: Verifier(client).decide("t")\n',
            'from wazo_auth_client.paging import pages\nwait = lambda: next(pages(client.users.list))\n',
        ):
            output = run_python(
                SILENT + begin + 'when_asked(lambda: os.kill(os.getpid(), signal.SIGINT))\n'
                'try:\n    wait()\n'
                'except KeyboardInterrupt:\n    print("interrupted")\n'
            )
            self.assertEqual(output.strip(), 'interrupted')

    def test_an_alarm_that_raises_ends_a_call(self):
        output = run_python(
            SILENT + 'class TooLate(Exception): pass\n'
            'def late(number, frame): raise TooLate\n'
            'signal.signal(signal.SIGALRM, late)\n'
            'for _ in range(3):\n'
            '    signal.setitimer(signal.ITIMER_REAL, 0.2)\n'
            '    begun = time.monotonic()\n'
            '    try:\n        client.token.is_valid("t")\n'
            '    except TooLate:\n        print("too late", time.monotonic() - begun < 10)\n'
        )
        self.assertEqual(output.splitlines(), ['too late True'] * 3)

    def test_a_handler_that_returns_runs_at_once_and_the_call_goes_on(self):
        output = run_python(
            SILENT + 'ran = []\n'
            'def handler(number, frame):\n'
            '    ran.append(time.monotonic())\n'
            '    held[0].sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")\n'
            'signal.signal(signal.SIGUSR1, handler)\n'
            # The answer comes from the handler: it must run during the call.
            'def kill():\n'
            '    while not held: time.sleep(0.01)\n'
            '    os.kill(os.getpid(), signal.SIGUSR1)\n'
            'when_asked(kill)\n'
            'print(client.users.list(), len(ran))\n'
        )
        self.assertEqual(output.strip(), '{} 1')

    def test_a_handler_can_make_a_call_of_its_own(self):
        output = run_python(
            SILENT + 'other = Client("127.0.0.1", listening.getsockname()[1], None, https=False, timeout=0.2)\n'
            'def handler(number, frame):\n'
            '    try:\n        other.users.list()\n'
            '    except exceptions.Timeout:\n        print("inner timeout")\n'
            '    raise InterruptedError("by the handler")\n'
            'signal.signal(signal.SIGUSR1, handler)\n'
            'when_asked(lambda: os.kill(os.getpid(), signal.SIGUSR1))\n'
            'try:\n    client.users.list()\n'
            'except InterruptedError as error:\n    print(error)\n'
        )
        self.assertEqual(output.splitlines(), ['inner timeout', 'by the handler'])

    def test_a_child_process_is_interrupted_too_also_if_another_thread_has_forked(self):
        output = run_python(
            SILENT + 'def child():\n'
            '    when_asked(lambda: os.kill(os.getpid(), signal.SIGINT))\n'
            '    try:\n        client.users.list()\n'
            '    except KeyboardInterrupt:\n        os._exit(7)\n'
            '    os._exit(1)\n'
            'try:\n    Client("127.0.0.1", 1, https=False).users.list()\n'
            'except exceptions.ConnectionError:\n    pass\n'
            'def fork():\n'
            '    process = os.fork()\n'
            '    if process == 0:\n'
            '        global listening\n'
            '        listening = socket.create_server(("127.0.0.1", 0))\n'
            '        threading.Thread(target=serve, daemon=True).start()\n'
            '        client.port = listening.getsockname()[1]\n'
            '        child()\n'
            '    codes.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))\n'
            'codes = []\n'
            'fork()\n'
            'thread = threading.Thread(target=fork); thread.start(); thread.join()\n'
            'print(codes)\n'
        )
        self.assertEqual(output.strip(), '[7, 7]')


class TwoSignals(unittest.TestCase):
    BEGIN = SILENT + '''
class First(Exception): pass
class Second(Exception): pass
def first(number, frame): raise First
def second(number, frame): raise Second
signal.signal(signal.SIGUSR1, first)
signal.signal(signal.SIGUSR2, second)
'''

    def test_after_two_handlers_have_raised_at_once_later_calls_are_as_before(self):
        output = run_python(
            self.BEGIN + 'def both():\n'
            '    os.kill(os.getpid(), signal.SIGUSR1)\n'
            '    os.kill(os.getpid(), signal.SIGUSR2)\n'
            'for _ in range(3):\n'
            '    asked.clear()\n'
            '    when_asked(both)\n'
            '    try:\n'
            '        try:\n            client.users.list()\n'
            '        finally:\n            time.sleep(0.1)\n'
            '    except (First, Second):\n        print("ended")\n'
            'client.timeout = 0.2\n'
            'try:\n    client.users.list()\n'
            'except exceptions.ReadTimeout:\n    print("timeout")\n'
        )
        self.assertEqual(output.splitlines(), ['ended'] * 3 + ['timeout'])

    def test_an_exception_that_another_one_replaced_is_not_raised_by_a_later_call(self):
        output = run_python(
            self.BEGIN + 'from wazo_auth_client import _native\n'
            'real = _native._error\n'
            'def after_the_call(address):\n'
            '    os.kill(os.getpid(), signal.SIGUSR2)\n'
            '    return real(address)\n'
            'when_asked(lambda: os.kill(os.getpid(), signal.SIGUSR1))\n'
            '_native._error = after_the_call\n'
            'try:\n    client.users.list()\n'
            'except Second:\n    print("second")\n'
            '_native._error = real\n'
            'client.timeout = 0.2\n'
            'try:\n    client.users.list()\n'
            'except exceptions.ReadTimeout:\n    print("timeout")\n'
        )
        self.assertEqual(output.splitlines(), ['second', 'timeout'])

    def test_a_handler_can_fork_and_the_child_can_make_calls_in_it(self):
        output = run_python(
            SILENT + 'import gc\n'
            'def handler(number, frame):\n'
            '    process = os.fork()\n'
            '    if process:\n'
            '        raise InterruptedError(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))\n'
            '    try:\n        Client("127.0.0.1", 1, https=False).users.list()\n'
            '    except exceptions.ConnectionError:\n        gc.collect()\n'
            '    raise InterruptedError("in the child")\n'
            'signal.signal(signal.SIGUSR1, handler)\n'
            'when_asked(lambda: os.kill(os.getpid(), signal.SIGUSR1))\n'
            'try:\n    client.users.list()\n'
            'except InterruptedError as error:\n'
            '    if error.args == ("in the child",): os._exit(7)\n'
            '    print(error)\n'
        )
        self.assertEqual(output.strip(), '7')


class OtherThreads(ServerTest):
    def test_a_signal_does_not_end_the_call_of_another_thread(self):
        output = run_python(
            SILENT + 'results = []\n'
            'def call():\n'
            '    try:\n        results.append(client.users.list())\n'
            '    except BaseException as error:\n        results.append(repr(error))\n'
            'thread = threading.Thread(target=call)\n'
            'thread.start()\n'
            'asked.wait()\n'
            'try:\n    os.kill(os.getpid(), signal.SIGINT); thread.join()\n'
            'except KeyboardInterrupt:\n    print("main")\n'
            'while not held: time.sleep(0.01)\n'
            'held[0].sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")\n'
            'thread.join()\n'
            'print(results)\n'
        )
        self.assertEqual(output.splitlines(), ['main', '[{}]'])


if __name__ == '__main__':
    unittest.main()
