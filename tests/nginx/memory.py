"""Memory, by valgrind: the module reads and writes nothing that is not its own, and frees what it takes."""
import re
import signal
import uuid
from pathlib import Path

from nginx import Client, Nginx, wait_until

SUPPRESSIONS = Path(__file__).resolve().parents[1] / 'host' / 'valgrind.supp'
# Frames of the module's files, and of the library's.
OURS = r'wazo_auth|\.rs:\d|\((access|control|log|module|request|server|variables|watch|worker)\.c:\d'
SERVER = '''
    location / {
        wazo_auth_access nginx.read;
        proxy_set_header X-User-UUID $wazo_auth_user_uuid;
        empty_gif;
    }
    location = /control { wazo_auth_control; access_log off; }
'''


def run(place, promise):
    token = place.token('nginx.read')
    command = ['valgrind', '--leak-check=full', '--show-leak-kinds=definite',
               '--keep-debuginfo=yes',  # nginx unloads the module before it ends
               f'--suppressions={SUPPRESSIONS}']
    http = place.http('wazo_auth_option timeout_ms 60000;')
    nginx = Nginx(place.module_dir, SERVER, http, workers=1)
    nginx.under = [*command, f'--log-file={nginx.folder}/valgrind.%p']
    with nginx:
        seen = [[nginx.get('/', each, seconds=60).status for each in (token, str(uuid.uuid4()), None)] for _ in range(5)]
        place.simulator.faults({'fault': 'delay', 'ms': 60_000, 'path': '*/token/*'})
        in_flight = lambda: nginx.control()[1]['worker']['in_flight']  # noqa: E731
        clients = [Client(nginx.port) for _ in range(4)]
        for client in clients:
            client.send('/', str(uuid.uuid4()))
        waited = wait_until(lambda: in_flight() == len(clients), 30)
        for client in clients:
            client.close()
        ended = wait_until(lambda: in_flight() == 0, 30)
        place.simulator.faults()
        controls = [nginx.control(body)[0] for body in ({'invalidate': 'all'}, {'invalidate': 'x'})]
        status = nginx.end(signal.SIGQUIT, 60)
        texts = [file.read_text() for file in nginx.folder.glob('valgrind.*')]
        promise(seen == [[200, 401, 401]] * 5 and waited and ended and controls == [200, 400] and status == 0
                and len(texts) == 2, 'nginx works under valgrind', (seen[-1], waited, ended, controls, status, len(texts)))
        # nginx and valgrind have findings of their own; those with the module or the library on their stack are ours.
        blocks = [block for text in texts for block in re.split(r'(?m)^==\d+== *\n', text)]
        ours = [block for block in blocks if re.search(OURS, block)
                and re.search(r'definitely lost|Invalid|uninitialised', block)]
        promise(not ours and all('LEAK SUMMARY' in text for text in texts), 'no invalid access and no leak',
                '\n'.join(ours[:3]))
