"""The programs that the test of the Kamailio module runs, cleaned up whatever happens: Kamailio and sipp.

All ports are free ones on loopback, and nothing outlives the test: each program is asked to end when the `with` is
left, killed with its whole process group when it does not, and told by the kernel when the test itself was killed.
"""

import csv
import ctypes
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _end_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start(command, **options):
    return subprocess.Popen(
        [str(part) for part in command], start_new_session=True, preexec_fn=_end_with_parent, **options
    )


def end(process, seconds=5):
    """Ends a program; gives its exit status, or None where it had to be killed."""
    try:
        process.terminate()
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def group_lives(process):
    """Whether a process of the program's group is left after its end."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Kamailio:
    """The real one, in the foreground, with the configuration that the module comes with."""

    def __init__(self, arguments, folder, definitions, config=None, workers=4):
        self.folder = Path(folder)
        self.log = self.folder / "kamailio.log"
        self.control = f"unix:{self.folder}/ctl"
        config = config or arguments.config
        environment = {**os.environ, "LD_LIBRARY_PATH": str(arguments.library_dir)}
        # -m: tm keeps each transaction for 5 s after its answer, about 10 KB of shared memory.
        command = ["kamailio", "-DD", "-E", "-m", 256, "-f", config, "-n", workers, "-w", folder, "-Y", folder]
        command += ["-L", f"{arguments.module_dir}:{arguments.kamailio_modules}"]
        for definition in definitions:
            command += ["-A", definition]
        # Between the look for a free port and Kamailio another program may take it.
        for _ in range(5):
            self.port = free_port()
            with open(self.log, "w") as log:
                self.process = start(
                    [*command, "-l", f"udp:127.0.0.1:{self.port}"], stdout=log, stderr=log, env=environment
                )
            if self.answers() or "ddress already in use" not in self.log.read_text():
                break
            end(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)

    def answers(self, seconds=15):
        """Waits until it answers OPTIONS; false where it ended instead."""
        deadline = time.monotonic() + seconds
        with Phone(self.port) as phone:
            while time.monotonic() < deadline and self.process.poll() is None:
                if phone.ask("OPTIONS", seconds=0.1) == 200:
                    return True
        return False

    def problems(self):
        """The lines of its log that should not be there."""
        words = ("CRITICAL:", "ERROR:", "ALERT:", "BUG:", "panicked")
        return [line for line in self.log.read_text().splitlines() if any(word in line for word in words)]

    def command(self, *words):
        """What a command of kamcmd prints."""
        command = ["kamcmd", "-s", self.control, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout

    def processes(self):
        """The process numbers, by what Kamailio says that the processes do."""
        found = {}
        for number, does in re.findall(r"PID: (\d+)\s+DSC: (.*)", self.command("core.psx")):
            kind = "SIP worker" if does.startswith("udp receiver") else does.strip()
            found.setdefault(kind, []).append(int(number))
        return found

    def threads(self, kind):
        """How many threads each process of that kind has."""
        return [len(os.listdir(f"/proc/{number}/task")) for number in self.processes().get(kind, [])]

    def addresses(self):
        """The addresses of record that have a contact."""
        return sorted(re.findall(r"AoR: (\S+)", self.command("ul.dump")))

    def verifier(self):
        """What the module's verifier has counted, in all processes."""
        return {name: value for name, value in re.findall(r"(\w+): (\S+)", self.command("wazo_auth.stats"))}

    def counters(self):
        """The module's own count of answers: yes, no, unknown."""
        printed = self.command("stats.get_statistics", "wazo_auth:")
        pairs = (line.split("=") for line in printed.splitlines() if "=" in line)
        return {name.split(":")[-1].strip(): int(count) for name, count in pairs}


def status_of(line):
    return int(line.split()[1])


class Phone:
    """A SIP phone of a few lines: for single requests, and many at once."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.own_port = self.socket.getsockname()[1]
        self.number = 0
        self.answer = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, method, header=None, headers=None):
        """Sends a request; `headers` stand in the place of the usual ones, a list for a header that is repeated."""
        self.number += 1
        own = f"127.0.0.1:{self.own_port}"
        usual = {
            "Via": f"SIP/2.0/UDP {own};branch=z9hG4bK-{self.own_port}-{self.number}-{time.monotonic_ns()}",
            "Max-Forwards": "70",
            "From": f"<sip:phone@127.0.0.1>;tag={self.number}",
            "To": "<sip:phone@127.0.0.1>",
            "Call-ID": f"{self.own_port}-{self.number}-{time.monotonic_ns()}",
            "CSeq": f"{self.number} {method}",
            "Contact": f"<sip:phone@{own}>",
        }
        lines = [f"{method} sip:127.0.0.1 SIP/2.0"]
        for name, values in {**usual, **(headers or {})}.items():
            lines += [f"{name}: {value}" for value in (values if isinstance(values, list) else [values])]
        lines += [*([header] if header else []), "Content-Length: 0"]
        self.socket.send("\r\n".join([*lines, "", ""]).encode(errors="surrogateescape"))

    def receive(self, seconds):
        """The first line and the method of the next answer; None where none came."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            answer = self.socket.recv(65536).decode()
        except (TimeoutError, ConnectionRefusedError):
            return None
        method = next(line.split()[-1] for line in answer.splitlines() if line.lower().startswith("cseq:"))
        self.answer = answer
        return answer.splitlines()[0], method

    def header(self, name):
        """A header of the last answer; None where it has none of that name."""
        found = re.search(rf"^{name}: (.*?)\r?$", self.answer, re.MULTILINE)
        return found and found[1]

    def ask(self, method, header=None, seconds=5.0, headers=None):
        """The status of the answer; None where none came in time."""
        line = self.ask_line(method, header, seconds, headers)
        return line and status_of(line)

    def ask_line(self, method, header=None, seconds=5.0, headers=None):
        """The first line of the answer."""
        deadline = time.monotonic() + seconds
        self.send(method, header, headers)
        while (left := deadline - time.monotonic()) > 0:
            answer = self.receive(left)
            if answer and answer[1] == method:
                return answer[0]
            if answer is None and left > 0.02:
                time.sleep(0.02)  # nobody listens yet: the refusal came at once
        return None


class Sipp:
    """Registers with each user and header in turn, again and again, and counts the answers that were as expected."""

    def __init__(self, folder, name, port, registers, expected, rate, seconds):
        folder = Path(folder) / name
        folder.mkdir()
        self.statistics = folder / "statistics.csv"
        self.wanted = max(int(rate * seconds), 1)
        scenario = folder / "register.xml"
        scenario.write_text((HERE / "register.xml").read_text().replace('"EXPECTED"', f'"{expected}"'))
        users = folder / "users.csv"
        lines = [f"{user};{header}" for user, header in registers]
        users.write_text("\n".join(["SEQUENTIAL", *lines, ""]))
        command = ["sipp", f"127.0.0.1:{port}", "-i", "127.0.0.1", "-sf", scenario, "-inf", users, "-nostdin"]
        command += ["-m", self.wanted, "-r", rate, "-trace_stat", "-stf", self.statistics, "-fd", 1]
        command += ["-recv_timeout", 10000, "-timeout", f"{int(seconds) + 30}s", "-timeout_error"]
        quiet = subprocess.DEVNULL
        self.process = start(command, cwd=folder, stdout=quiet, stderr=quiet, env={**os.environ, "TERM": "dumb"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)

    def result(self):
        """When it has ended: how many answers were right, wrong, missing, and within 10 ms; what was sent again."""
        self.process.wait()
        with open(self.statistics, newline="") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        right = int(last["SuccessfulCall(C)"])
        wrong = int(last["FailedUnexpectedMessage(C)"])
        return {
            "right": right,
            "wrong": wrong,
            "missing": self.wanted - right - wrong,
            "within_10_ms": int(last["ResponseTimeRepartition1_<10"]),
            "repeated": int(last["Retransmissions(C)"]),
        }
