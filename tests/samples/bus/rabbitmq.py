"""A RabbitMQ for a test: Debian's rabbitmq-server, started by hand, with everything that it writes in one folder.

No service of the system is used or started. It listens on loopback only, under a node name of its own, on ports that
were free; Erlang's port mapper (epmd), which it would otherwise start for everybody and leave behind, is a process of
this one too. All of it ends with `stop`.
"""
import os
import pathlib
import queue
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

# The program itself; /usr/sbin/rabbitmq-server runs it as the user of the service.
SERVER = pathlib.Path('/usr/lib/rabbitmq/bin/rabbitmq-server')
LONGEST_START = 120  # seconds; it takes five on an idle machine
READY = 'Server startup complete'


def is_here():
    """Whether it is installed."""
    return SERVER.exists() and shutil.which('epmd') is not None


def free_port():
    """A port of loopback on which nothing listens, below those from which the system takes one for every connection: it
    stays free while RabbitMQ is restarted."""
    lowest = int(pathlib.Path('/proc/sys/net/ipv4/ip_local_port_range').read_text().split()[0])
    while True:
        with socket.socket() as one:
            try:
                one.bind(('127.0.0.1', port := random.randrange(min(10000, lowest // 2), lowest)))
                return port
            except OSError:
                continue


def tied(command, **options):
    """Starts a command as a group of processes of its own, which ends when this process does: a shell holds the other
    end of a pipe to which nobody writes."""
    script = '"$@" </dev/null & exec >/dev/null 2>&1; read end; kill -KILL 0'
    command = ['sh', '-c', script, 'sh', *command]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **options)


def end(process):
    """Ends what `tied` started, as a crash would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdin.close()


class RabbitMQ:
    """A server that can be started, killed and started again on the same port."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='rabbitmq-')
        self.port, self.epmd_port, self.distribution_port = free_port(), free_port(), free_port()
        self.process = self.reader = None
        self.said = []
        # It listens before a server looks for one, which would else start its own.
        self.epmd = tied(['epmd', '-port', str(self.epmd_port), '-address', '127.0.0.1'], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
        latest = time.monotonic() + LONGEST_START
        while True:
            with socket.socket() as one:
                if one.connect_ex(('127.0.0.1', self.epmd_port)) == 0:
                    return
            if time.monotonic() > latest:
                self.stop()
                raise RuntimeError('epmd did not start')
            time.sleep(0.01)

    @property
    def url(self):
        return f'amqp://guest:guest@127.0.0.1:{self.port}'

    def environment(self):
        folder = pathlib.Path(self.folder.name)
        (folder / 'rabbitmq.conf').write_text(f'listeners.tcp.1 = 127.0.0.1:{self.port}\n')
        kept = {name: value for name, value in os.environ.items() if not name.startswith(('RABBITMQ_', 'ERL_'))}
        return {
            **kept,
            'HOME': str(folder),  # where the cookie of Erlang's nodes is
            'ERL_EPMD_PORT': str(self.epmd_port),
            'ERL_EPMD_ADDRESS': '127.0.0.1',
            'RABBITMQ_NODENAME': f'wazo-auth-client-{os.getpid()}@localhost',
            'RABBITMQ_DIST_PORT': str(self.distribution_port),
            'RABBITMQ_CONF_ENV_FILE': '/dev/null',
            'RABBITMQ_CONFIG_FILE': str(folder / 'rabbitmq.conf'),
            'RABBITMQ_ENABLED_PLUGINS_FILE': str(folder / 'enabled_plugins'),
            'RABBITMQ_MNESIA_BASE': str(folder / 'data'),
            'RABBITMQ_LOG_BASE': str(folder / 'log'),
            'RABBITMQ_LOGS': '-',
            'RABBITMQ_PID_FILE': str(folder / 'pid'),
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': '-kernel inet_dist_use_interface {127,0,0,1}',
        }

    def start(self):
        """Starts it, and comes back when it takes connections."""
        self.process = tied([str(SERVER)], cwd=self.folder.name, env=self.environment(), stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors='replace')
        ready = queue.Queue()
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout, ready))
        self.reader.start()
        try:
            is_ready = ready.get(timeout=LONGEST_START)
        except queue.Empty:
            is_ready = False
        if not is_ready:
            said = ''.join(self.said[-40:])
            self.stop()
            raise RuntimeError(f'RabbitMQ did not start:\n{said}')
        return self

    def read(self, output, ready):
        """Keeps what it says, so that it never waits for a reader."""
        for line in output:
            self.said.append(line)
            if READY in line:
                ready.put(True)
        ready.put(False)

    def kill(self):
        """Ends it as a crash would."""
        if self.process is None:
            return
        end(self.process)
        # Its helpers hold the output, and end when they see that it is gone.
        self.reader.join(timeout=LONGEST_START)
        self.process.stdout.close()
        self.process = None

    def pause(self):
        """Has it stand still, so that its connections are there and nobody answers, until `go_on`."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self):
        """Ends everything, and removes what it wrote."""
        self.kill()
        end(self.epmd)
        self.folder.cleanup()
