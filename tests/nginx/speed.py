"""What the check costs: requests per second with the module and without, by wrk, one after the other in one run.

    tests/nginx/speed.py --module-dir DIRECTORY [--seconds 5] [--rounds 3] [--instructions]

One worker, so that wrk has a processor of its own on a machine with two. The rounds alternate, so that whatever else the
machine does meets both, and the best round of each counts: the one that was disturbed least. --instructions counts the
instructions of a request instead, by callgrind: the same number on a machine that is busy.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
from nginx import Client, Nginx  # noqa: E402
from run import Place  # noqa: E402
from wazo_auth import Simulator  # noqa: E402

# Two configurations: where a directive names a variable about the user, the module asks for more than the verdict.
PLAIN = '''
    access_log off;
    add_header X-Nothing "";  # in place of those of the tests
    location = /without { empty_gif; }
    location = /with { wazo_auth_access nginx.read; empty_gif; }
'''
PROXIED = '''
    access_log off;
    add_header X-Nothing "";
    location = /without-proxied { proxy_pass http://unix:FOLDER/backend; }
    location = /with-proxied {
        wazo_auth_access nginx.read;
        proxy_set_header X-User-UUID $wazo_auth_user_uuid;
        proxy_pass http://unix:FOLDER/backend;
    }
'''
SERVERS = {'/without': PLAIN, '/with': PLAIN, '/without-proxied': PROXIED, '/with-proxied': PROXIED}


def processor_s(worker):
    """The processor time of all its threads, in seconds."""
    return sum(int(file.read_text().split()[0]) for file in Path(f'/proc/{worker}/task').glob('*/schedstat')) / 1e9


def measure(nginx, path, token, seconds):
    """Requests per second, and the worker's processor time for each in microseconds."""
    [worker] = nginx.workers()
    command = ['wrk', '-t1', '-c32', f'-d{seconds}s', '-H', f'X-Auth-Token: {token}', f'http://127.0.0.1:{nginx.port}{path}']
    began = processor_s(worker)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used_s = processor_s(worker) - began
    if 'Non-2xx' in said:
        raise RuntimeError(said)
    return float(re.search(r'Requests/sec: *([\d.]+)', said)[1]), used_s * 1e6 / int(re.search(r'(\d+) requests in', said)[1])


def instructions(place, path, token, count):
    """The instructions of an nginx that starts, serves so many requests, and ends."""
    nginx = Nginx(place.module_dir, http=place.http(), workers=1, log_level='warn')
    nginx.values['server'] = SERVERS[path].replace('FOLDER', str(nginx.folder))
    os.chmod(nginx.folder, 0o777)  # a worker, which may run as nobody, writes there when it ends
    nginx.under = ['valgrind', '--tool=callgrind', f'--callgrind-out-file={nginx.folder}/callgrind.%p']
    with nginx:
        with Client(nginx.port, 120) as client:
            statuses = {client.ask(path, token).status for _ in range(count)}
        nginx.end(signal.SIGQUIT, 120)
        totals = [int(re.search(r'(?m)^totals: (\d+)', file.read_text())[1]) for file in nginx.folder.glob('callgrind.*')]
    if statuses != {200}:
        raise RuntimeError(f'{path}: {statuses}')
    return sum(totals)


def count_instructions(place, token):
    for path in SERVERS:
        few, many = instructions(place, path, token, 100), instructions(place, path, token, 600)
        print(f'{path:18} {(many - few) / 500:10.0f} instructions each', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--module-dir', type=Path, required=True, metavar='DIRECTORY')
    parser.add_argument('--seconds', type=int, default=5)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--instructions', action='store_true')
    arguments = parser.parse_args()
    if not shutil.which('wrk'):
        sys.exit('wrk is missing; as root: bindings/c/nginx/setup.sh')
    with Simulator() as simulator:
        place = Place(arguments.module_dir, simulator)
        token = place.token('nginx.read')
        if arguments.instructions:
            count_instructions(place, token)
            return
        measured = {path: [] for path in SERVERS}
        for server in (PLAIN, PROXIED):
            with Nginx(arguments.module_dir, http=place.http(), workers=1, log_level='warn') as nginx:
                nginx.configure(server=server.replace('FOLDER', str(nginx.folder)))
                nginx.reload()
                for path in [path for path in SERVERS if SERVERS[path] == server] * arguments.rounds:
                    measured[path].append(measure(nginx, path, token, arguments.seconds))
    for path in SERVERS:
        rates, costs = zip(*measured[path])
        print(f'{path:18} {max(rates):8.0f} requests/s   {min(costs):6.2f} us of processor time each   rounds: '
              f'{[(round(rate), round(cost, 2)) for rate, cost in measured[path]]}')
    for path in ('/with', '/with-proxied'):
        both = [min(cost for _, cost in measured[each]) for each in (path, path.replace('with', 'without'))]
        print(f'{path:18} costs {both[0] - both[1]:.2f} us of processor time for each request')
    print(f'load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors')


if __name__ == '__main__':
    main()
