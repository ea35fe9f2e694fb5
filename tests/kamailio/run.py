"""The Kamailio module in the real Kamailio, under load: good tokens are admitted, bad ones refused, none confused.

The verifier is made before Kamailio forks its eight workers, which then ask at the same time; an answer that got to the
wrong worker, or none at all, shows as a wrong status, and a request too many at wazo-auth. Both functions, over HTTP and
HTTPS. Then wazo-auth fails, and stalls. `make test-kamailio` runs it; KAMAILIO_FULL=1 for a minute of load instead of seconds.
"""

import argparse
import functools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import addresses  # noqa: E402
import artifacts  # noqa: E402
import identity  # noqa: E402
import kemi  # noqa: E402
import revocation  # noqa: E402
import script  # noqa: E402
from hosts import Kamailio, Phone, Sipp, end, group_lives, status_of  # noqa: E402
from report import Report  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

WORKERS = 8
MODES = {"blocking": [], "asynchronous": ["WAZO_AUTH_ASYNC"]}
report = Report()


def check(name, is_right, figures=""):
    return report.promise(is_right, f"{name}{': ' if figures else ''}{figures}")


def make_tokens(simulator, count=40):
    """What must be admitted, and what must not, of every kind of bad: the user, and the header with the token."""
    names = ["phone", *(f"phone{number}" for number in range(1, 8))]
    for name in names:
        simulator.user(name, [f"sip.{name}.register"])
    simulator.user("unrelated", ["sip.subscribe", "sip.phone.register.other", "sip.register"])
    good = [(name, simulator.log_in(name, "password")) for _ in range(count // len(names)) for name in names]
    lacking = [("phone", simulator.log_in("unrelated", "password")) for _ in range(count // 4)]
    # The good tokens again, each for the address of another one.
    others = [(names[(names.index(name) + 1) % len(names)], token) for name, token in good]
    ended = [("phone", simulator.log_in("phone", "password")) for _ in range(count // 4)]
    for _, token in ended:
        simulator.ask("DELETE", f"/token/{token}")
    unknown = [("phone", str(uuid.uuid4())) for _ in range(count // 4)]
    strange = ["no-token", "../../users", "..", "a\\..\\b", "x" * 8001, "?scope=sip.phone.register"]
    strange += ['quote"back\\slash', "%2e%2e", "é", "x" * 2000]
    bearer = "Authorization: Bearer {}".format
    own = "X-Wazo-Token: {}".format

    def registers(pairs):
        return [(name, (bearer if number % 2 else own)(token)) for number, (name, token) in enumerate(pairs)]

    refused = registers(lacking + others + ended + unknown) + [("phone", own(token)) for token in strange]
    refused += [("phone", header) for header in ("X-Nothing: at all", "X-Wazo-Token: ", "Authorization: Bearer")]
    random.shuffle(refused)
    return registers(good), refused


def definitions(simulator, kamailio_folder, mode, scheme, timeout_ms):
    wanted = [
        f'WAZO_AUTH_URL="{simulator.urls[scheme]}"',
        f"WAZO_AUTH_TIMEOUT_MS={timeout_ms}",
        f'WAZO_AUTH_CTL="unix:{kamailio_folder}/ctl"',
        *MODES[mode],
    ]
    if scheme == "https":
        wanted.append(f'WAZO_AUTH_CA_FILE="{simulator.ca_file}"')
    return wanted


def check_end(name, kamailio, tokens):
    """Whether it was well until the end, and ends when asked to."""
    began = time.monotonic()
    status = end(kamailio.process)
    took_ms = (time.monotonic() - began) * 1000
    is_clean = status == 0 and not group_lives(kamailio.process)
    check(f"{name}: Kamailio ends when told to, with all its processes", is_clean, f"status {status}, {took_ms:.0f} ms")
    problems = kamailio.problems()
    check(f"{name}: nothing wrong in Kamailio's log", not problems, "\n     ".join(problems[:5]))
    log = kamailio.log.read_text()
    shown = [header for _, header in tokens[0] + tokens[1] if len(header) > 40 and header.split()[-1] in log]
    check(f"{name}: no token in it", not shown, "\n     ".join(shown[:5]))


def check_requests(name, simulator, tokens, registers):
    """However many workers and REGISTERs: wazo-auth is asked about each token once."""
    asked = [request["path"] for request in simulator.request("GET", "/_simulator/requests")["items"]]
    about = [path for path in asked if "/token/" in path]
    distinct = {header.partition(":")[2].split(" ")[-1] for _, header in tokens[0] + tokens[1]}
    figures = f"{len(about)} requests about {len(distinct)} tokens in {registers} REGISTERs, {WORKERS} workers"
    is_right = 40 <= len(about) <= len(distinct) and len(set(about)) == len(about)
    check(f"{name}: no token is asked about twice", is_right, figures)


def load(arguments, simulator, folder, mode, scheme, tokens):
    """Good and bad tokens at the same time, at a few hundred a second."""
    name = f"{mode}, {scheme}"
    folder = Path(folder) / f"{mode}-{scheme}"
    folder.mkdir()
    # The longest that a machine busy with other things may take; the module's own default is 500 ms.
    simulator.request("DELETE", "/_simulator/requests")
    # So that no answer ends before the load does, not even with KAMAILIO_FULL.
    wanted = [*definitions(simulator, folder, mode, scheme, 5000), 'WAZO_AUTH_VERIFIER="negative_ttl_ms=60000"']
    with Kamailio(arguments, folder, wanted, workers=WORKERS) as kamailio:
        if not check(f"{name}: Kamailio starts", kamailio.answers()):
            print(kamailio.log.read_text())
            return
        # So that the workers inherit a client with a connection, which none of them may use.
        asked = [request["path"] for request in simulator.request("GET", "/_simulator/requests")["items"]]
        check(f"{name}: the client connected before the workers were forked", asked == ["/0.1/status"])
        processes = {kind: len(numbers) for kind, numbers in kamailio.processes().items()}
        own = processes.get("wazo_auth worker", 0)
        is_right = processes.get("SIP worker") == WORKERS and own == (mode == "asynchronous")
        figures = f"{processes.get('SIP worker')} SIP workers, {own} of the module's own"
        check(f"{name}: the processes", is_right, figures)
        admitted, refused = tokens
        rate, seconds = arguments.rate / 2, arguments.seconds
        with Sipp(folder, "good", kamailio.port, admitted, 200, rate, seconds) as good_sipp:
            with Sipp(folder, "bad", kamailio.port, refused, 403, rate, seconds) as bad_sipp:
                good, bad = good_sipp.result(), bad_sipp.result()
        both = {name: good[name] + bad[name] for name in good}
        figures = (
            f"{good['right']} of {good_sipp.wanted} good tokens got 200, {bad['right']} of {bad_sipp.wanted} bad ones "
            f"403; wrong {both['wrong']}, missing {both['missing']}, sent again {both['repeated']}, "
            f"{both['within_10_ms']} within 10 ms; {rate * 2:.0f} a second, {WORKERS} workers"
        )
        is_right = good["right"] == good_sipp.wanted and bad["right"] == bad_sipp.wanted
        check(f"{name}: every answer right", is_right, figures)
        check_requests(name, simulator, tokens, good_sipp.wanted + bad_sipp.wanted)
        workers, own = kamailio.threads("SIP worker"), kamailio.threads("wazo_auth worker")
        is_right = workers == [1] * WORKERS and own == ([2] if mode == "asynchronous" else [])
        check(f"{name}: no thread in any SIP worker", is_right, f"threads: {workers}, in the module's own: {own}")
        counted = kamailio.counters()
        is_counted = counted.get("yes", 0) >= good["right"] and counted.get("no", 0) >= bad["right"]
        is_counted = is_counted and counted.get("unknown") == 0
        check(f"{name}: the module counted the same", is_counted, str(counted))
        check_end(name, kamailio, tokens)


def collect(phone, count, began, seconds):
    """The statuses of so many answers to REGISTER, and when the last one came, in ms."""
    statuses = []
    while len(statuses) < count and (left := began + seconds - time.monotonic()) > 0:
        answer = phone.receive(left)
        if answer and answer[1] == "REGISTER":
            statuses.append(status_of(answer[0]))
    return statuses, (time.monotonic() - began) * 1000


def fresh_tokens(simulator, user, count):
    """Headers with tokens that nobody has asked about, of a new user, who may register what a Phone does."""
    simulator.user(user, ["sip.phone.register"])
    return [f"X-Wazo-Token: {simulator.log_in(user, 'password')}" for _ in range(count)]


def is_back(phone, header, seconds=20):
    """Waits until the verifier asks wazo-auth again, which it leaves alone for 16 s at most after failures."""
    deadline = time.monotonic() + seconds
    while (status := phone.ask("REGISTER", header)) == 503 and time.monotonic() < deadline:
        phone.receive(0.05)
    return status == 200


def outage(arguments, simulator, folder, mode):
    """wazo-auth fails, comes back, and stalls."""
    folder = Path(folder) / f"{mode}-outage"
    folder.mkdir()
    known, *fresh = fresh_tokens(simulator, f"outage-{mode}", 50)
    with Kamailio(arguments, folder, definitions(simulator, folder, mode, "http", 300)) as kamailio:
        if not check(f"{mode}: Kamailio starts for the outage", kamailio.answers()):
            return
        with Phone(kamailio.port) as phone:
            before = phone.ask("REGISTER", known)
            simulator.faults({"fault": "bad_gateway", "status": 503, "path": "*/token/*"})
            held = [before, *(phone.ask("REGISTER", known) for _ in range(20))]
            failed = [phone.ask("REGISTER", header) for header in fresh[:20]]
            simulator.faults()
            returned = is_back(phone, fresh[0])
            back = [phone.ask("REGISTER", header) for header in fresh[:20]]
            check(f"{mode}: what is known holds in an outage", set(held) == {200}, f"{len(held)} asked, all 200")
            check(f"{mode}: for the others it is neither yes nor no", set(failed) == {503}, f"{len(failed)}, all 503")
            is_right = returned and set(back) == {200}
            check(f"{mode}: it is over when wazo-auth is back", is_right, f"{len(back)} asked, all 200")

            simulator.faults({"fault": "delay", "ms": 60_000, "path": "*/token/*"})
            began = time.monotonic()
            for header in fresh[20:28]:
                phone.send("REGISTER", header)
            # Only now, that the workers have something to wait for: who else is served?
            with Phone(kamailio.port) as other:
                asked = time.monotonic()
                status = other.ask("OPTIONS")
                options_ms = (time.monotonic() - asked) * 1000
            statuses, took_ms = collect(phone, 8, began, 5)
            simulator.faults()
            # 4 workers, 8 calls of 300 ms: two after one another where they block, all at once where they do not.
            limit_ms = 1100 if mode == "blocking" else 800
            is_right = statuses == [503] * 8 and took_ms < limit_ms
            figures = f"8 at once: {took_ms:.0f} of {limit_ms} ms"
            check(f"{mode}: wazo-auth stalls, and the time holds", is_right, figures)
            if mode == "asynchronous":
                is_served = status == 200 and options_ms < 100
                check(f"{mode}: meanwhile others are served", is_served, f"OPTIONS answered in {options_ms:.1f} ms")
            check(f"{mode}: the next one is served again", is_back(phone, fresh[30]))
        check_end(f"{mode}, outage", kamailio, ([("phone", header) for header in [known, *fresh]], []))


def overload(arguments, simulator, folder):
    """The module's own process stands still: what it is told waits in a pipe, until that is full."""
    folder = Path(folder) / "overload"
    folder.mkdir()
    [fresh] = fresh_tokens(simulator, "overload", 1)
    wanted = definitions(simulator, folder, "asynchronous", "http", 300)
    with Kamailio(arguments, folder, wanted) as kamailio:
        if not check("overload: Kamailio starts", kamailio.answers()):
            return
        [worker] = kamailio.processes()["wazo_auth worker"]
        os.kill(worker, signal.SIGSTOP)
        refused, sent = 0, 0
        with Phone(kamailio.port) as phone, Phone(kamailio.port) as other:
            while refused < 100 and sent < 12_000:
                for _ in range(40):
                    phone.send("REGISTER", f"X-Wazo-Token: {uuid.uuid4()}")  # one that is known would not be asked about
                sent += 40
                # OPTIONS keeps the pace: what was sent before has been read when it is answered.
                is_served = other.ask("OPTIONS") == 200
                while phone.receive(0.0005):
                    refused += 1
            figures = f"{sent} sent, {refused} got 503 at once"
            check("overload: who finds no room is told at once", is_served and refused >= 100, figures)
            os.kill(worker, signal.SIGCONT)
            # Those that waited too long are not asked about any more; the last ones are still in time.
            deadline = time.monotonic() + 20
            while sum((count := kamailio.counters()).values()) < sent and time.monotonic() < deadline:
                phone.receive(0.05)
            is_right = sum(count.values()) == sent and count["unknown"] > refused and count["yes"] == 0
            check("overload: every suspended transaction ends", is_right, str(count))
        with Phone(kamailio.port) as phone:
            check("overload: the next one is served again", is_back(phone, fresh))
        check_end("overload", kamailio, ([], []))


MISTAKES = [
    # The line of the configuration, and what Kamailio must say as it refuses to start.
    ('modparam("wazo_auth", "option", "timeout=5")', 'unknown option "timeout"; the known ones are'),
    ('modparam("wazo_auth", "option", "verbose")', "expected"),
    ('modparam("wazo_auth", "verifier", "ttl=5")', 'option "ttl"'),
    ('modparam("wazo_auth", "verifier", "max_tokens=0")', "max_tokens"),
    ('modparam("wazo_auth", "verifier", "shared=false")', "always share"),
    ('modparam("wazo_auth", "verifier", "ttl_ms")', "expected"),
    ('modparam("wazo_auth", "url", "wazo.example.com")', "url"),
    ('modparam("wazo_auth", "ca_file", "/does/not/exist.pem")', "/does/not/exist.pem"),
    ("", "the URL of wazo-auth is missing"),
]


def mistakes(arguments, folder):
    """A wrong configuration is told at the start, by name."""
    folder = Path(folder) / "mistakes"
    folder.mkdir()
    modules = ["tm", "sl", "pv", "xlog", "wazo_auth"]
    loaded = "".join(f'loadmodule "{module}.so"\n' for module in modules)
    url = 'modparam("wazo_auth", "url", "http://localhost:1")\n'
    route = 'request_route { wazo_auth_check_async("x", "y", "NOWHERE"); }\n'
    cases = [(line, said, "request_route { drop; }\n") for line, said in MISTAKES]
    cases.append((url, "there is no route[NOWHERE]", route))
    member = 'request_route { xlog("$wazo_auth(password)"); }\n'
    cases.append((url, "expected verdict, user_uuid", member))
    cases.append((url + 'modparam("wazo_auth", "async_workers", 0)', "async_workers of at least 1", route))
    for number, (line, said, routes) in enumerate(cases):
        config = folder / f"{number}.cfg"
        base = "" if said.startswith("the URL") or line.startswith(url) else url
        config.write_text(f"#!KAMAILIO\nlog_stderror=yes\ndisable_tcp=yes\n{loaded}{base}{line}\n{routes}")
        with Kamailio(arguments, folder, [], config=config, workers=1) as kamailio:
            try:
                status = kamailio.process.wait(10)
            except subprocess.TimeoutExpired:
                status = 0
            is_told = status != 0 and said in kamailio.log.read_text()
            if not check(f"refused at the start: {line.splitlines()[-1] if line else 'no url'}", is_told, said):
                print(kamailio.log.read_text())


def arguments_of_the_command_line():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module-dir", type=Path, required=True, help="where wazo_auth.so is")
    parser.add_argument("--seconds", type=float, default=2, help="of load, in each of four runs [2]")
    parser.add_argument("--rate", type=int, default=300, help="REGISTERs a second [300]")
    parser.add_argument("--overload", action="store_true", help="fill the pipe to the module's own process as well")
    arguments = parser.parse_args()
    arguments.library_dir = artifacts.library().parent
    arguments.config = Path(__file__).resolve().parents[2] / "bindings/c/kamailio/kamailio.cfg"
    missing = [name for name in ("kamailio", "kamcmd", "sipp") if not shutil.which(name)]
    found = sorted(Path("/usr/lib").glob("*/kamailio/modules")) + sorted(Path("/usr/lib").glob("kamailio/modules"))
    if missing or not found or not (arguments.module_dir / "wazo_auth.so").exists():
        what = ", ".join(missing) or "the source of Kamailio, to build the module against,"
        report.skip("the module in the real Kamailio", f"{what} is missing: make setup, as root")
        sys.exit(report.end())
    arguments.kamailio_modules = found[0]
    return arguments


def main():
    arguments = arguments_of_the_command_line()
    # So that leaving by a signal cleans up as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wazo-auth-kamailio-") as folder:
        with Simulator(tls=False, both=True) as simulator:
            tokens = make_tokens(simulator)
            for mode in MODES:
                for scheme in ("http", "https"):
                    load(arguments, simulator, folder, mode, scheme, tokens)
                outage(arguments, simulator, folder, mode)
                wanted = functools.partial(definitions, simulator, mode=mode, scheme="http", timeout_ms=5000)
                addresses.run(arguments, simulator, folder, check, mode, wanted)
                identity.run(arguments, simulator, folder, check, mode, wanted)
                revocation.run(arguments, simulator, folder, check, mode, wanted)
            if arguments.overload:
                overload(arguments, simulator, folder)
            script.run(arguments, simulator, folder, check)
            kemi.run(arguments, simulator, folder, check, report)
        mistakes(arguments, folder)
    print(f"# in {time.monotonic() - began:.1f} s")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
