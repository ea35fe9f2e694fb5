"""What the module answers, and what it tells the service behind nginx and the log."""
import socket
import threading
import time
import uuid

from nginx import Client, Nginx

SERVER = '''
    wazo_auth_access nginx.read;
    proxy_set_header X-User-UUID $wazo_auth_user_uuid;
    proxy_set_header X-Tenant-UUID $wazo_auth_tenant_uuid;
    proxy_set_header X-Session-UUID $wazo_auth_session_uuid;
    location / { proxy_pass http://unix:FOLDER/backend; }
    location = /tenant { wazo_auth_tenant $http_wazo_tenant; proxy_pass http://unix:FOLDER/backend; }
    location ~ ^/users/(?<user>[0-9a-z-]+)$ {
        wazo_auth_access nginx.users.$user.read;
        proxy_pass http://unix:FOLDER/backend;
    }
    location = /empty { wazo_auth_access $arg_nothing; proxy_pass http://unix:FOLDER/backend; }
    location = /any { satisfy any; allow 127.0.0.1; deny all; proxy_pass http://unix:FOLDER/backend; }
    location = /any-denied { satisfy any; deny all; proxy_pass http://unix:FOLDER/backend; }
    location = /open { wazo_auth off; empty_gif; }
    location = /methods {
        limit_except GET { wazo_auth_access nginx.write; }
        proxy_pass http://unix:FOLDER/backend;
    }
    location = /page { error_page 401 403 /page-of-error; empty_gif; }
    location = /page-of-error { wazo_auth off; proxy_pass http://unix:FOLDER/backend; }
    location = /late { wazo_auth_undecided 429; empty_gif; }
    location = /late-other { wazo_auth_undecided 500; empty_gif; }
    location = /websocket {
        wazo_auth_token $arg_token $http_x_auth_token;
        access_log off;
        proxy_pass http://127.0.0.1:WEBSOCKET;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
'''


def run(place, promise):
    token = place.token('nginx.read')
    with Echo() as echo, Nginx(place.module_dir, http=place.http('wazo_auth_verifier stale_ms 0;'),
                                logged=' user=$wazo_auth_user_uuid') as nginx:
        nginx.configure(server=SERVER.replace('FOLDER', str(nginx.folder)).replace('WEBSOCKET', str(echo.port)))
        promise(nginx.reload(), 'nginx takes the configuration', nginx.log())
        verdicts(place, promise, nginx, token)
        identity(place, promise, nginx, token)
        places(place, promise, nginx, token)
        websocket(place, promise, nginx, token, echo)
        place.simulator.stop()
        outage(place, promise, nginx, token)
        place.check_logs(promise, nginx)


def verdicts(place, promise, nginx, token):
    first, second = nginx.get('/', token), nginx.get('/', token)
    promise(first.status == second.status == 200, 'a token with the access passes', (first, second))
    bearer = [nginx.get('/', headers=[f'Authorization: {scheme} {token}']).status for scheme in ('Bearer', 'bearer')]
    promise(bearer == [200, 200], 'so does Authorization: Bearer', bearer)

    missing = [nginx.get('/'), nginx.get('/', ''), nginx.get('/', headers=['Authorization: Basic YTpi'])]
    challenges = {(answer.status, answer.headers.get('www-authenticate')) for answer in missing}
    promise(challenges == {(401, 'Bearer')}, 'without a token it is 401', missing)

    unknown = nginx.get('/', place.remember(str(uuid.uuid4())))
    is_right = unknown.status == 401 and unknown.headers.get('www-authenticate') == 'Bearer error="invalid_token"'
    promise(is_right, 'with an unknown token it is 401, which says so', (unknown, unknown.headers))

    lacking = nginx.get('/', place.token('nginx.other'))
    promise(lacking.status == 403 and lacking.headers['x-status'] == 'missing_access', 'without the access it is 403', lacking)
    foreign = nginx.get('/tenant', token, [f'Wazo-Tenant: {uuid.uuid4()}'])
    own = nginx.get('/tenant', token, [f'Wazo-Tenant: {tenant_of(place, token)}'])
    unnamed = nginx.get('/tenant', token)
    is_right = (foreign.status, own.status, unnamed.status) == (403, 200, 200)
    promise(is_right and foreign.headers['x-status'] == 'wrong_tenant', 'in a tenant that is not its own it is 403',
            (foreign, own, unnamed))

    strange = ['no-token', '..', '../../users', 'x' * 7000, '%2e%2e', 'é', '?scope=nginx.read', 'quote"back\\slash']
    strange = [nginx.get('/', text) for text in strange]
    promise({answer.status for answer in strange} == {401}, 'with a text that is no token it is 401', strange)
    twice = [nginx.get('/', token, [f'X-Auth-Token: {other}']) for other in (token, 'other')]
    promise({answer.status for answer in twice} == {401}, 'two tokens are none', twice)

    alice = place.token('nginx.users.alice.read')
    two = nginx.get('/users/alice', alice), nginx.get('/users/bob', alice)
    promise([answer.status for answer in two] == [200, 403], 'variables are a part of the access', two)
    empty = nginx.get('/empty', token)
    promise(empty.status == 500 and 'wazo_auth_access is empty' in nginx.log(), 'an empty access lets nobody in', empty)


def tenant_of(place, token):
    return place.simulator.ask('GET', f'/token/{token}')['data']['metadata']['tenant_uuid']


def identity(place, promise, nginx, token):
    known = place.simulator.ask('GET', f'/token/{token}')['data']
    wanted = (f"user={known['metadata']['uuid']} tenant={known['metadata']['tenant_uuid']} "
              f"session={known['session_uuid']}\n")
    fresh = [nginx.get('/', token), nginx.get('/', token, ['X-User-UUID: forged', 'X-Tenant-UUID: forged'])]
    promise([answer.body for answer in fresh] == [wanted] * 2, 'the service behind gets whose the token is, and no forgery',
            (wanted, fresh))
    other = place.token('nginx.read')
    uuids = [nginx.get('/', each).body for each in (other, token, other)]
    promise(uuids[0] == uuids[2] != uuids[1] == wanted, 'and of each token its own', uuids)
    logged = nginx.log('statuses.log')
    promise(f"200 allowed user={known['metadata']['uuid']}" in logged and '401 no_token user=-' in logged
            and '403 missing_access user=' in logged and '401 invalid_token user=-' in logged,
            'the log has verdict and user', logged[-500:])


def places(place, promise, nginx, token):
    by_address, denied = nginx.get('/any'), nginx.get('/any-denied')
    with_token, forged = nginx.get('/any-denied', token), nginx.get('/any', headers=['X-User-UUID: forged'])
    is_right = (by_address.status, denied.status, with_token.status, forged.status) == (200, 401, 200, 200)
    promise(is_right and 'www-authenticate' not in by_address.headers and forged.body.startswith('user= '),
            '`satisfy any` takes another reason too, and no identity with it', (by_address, denied, with_token, forged))
    promise(nginx.get('/open').status == 200, '`wazo_auth off` is open')
    both = place.token('nginx.read', 'nginx.write')
    statuses = [nginx.get('/methods', each, method=method).status
                for each in (token, both) for method in ('GET', 'DELETE')]
    promise(statuses == [200, 403, 200, 200], 'limit_except may ask for another access', statuses)
    page = nginx.get('/page', place.token('nginx.other'))
    promise(page.status == 403 and page.headers['x-status'] == 'missing_access' and 'user=' in page.body,
            'the page of an error still knows the verdict', page)
    with Client(nginx.port) as client:
        several = [client.ask('/', each, (), method, body) for each, method, body in
                   [(None, 'POST', b'a body'), (token, 'POST', b'another'), (None, 'GET', b''), (token, 'GET', b'')]]
    promise([answer.status for answer in several] == [401, 200, 401, 200], 'a connection carries refused and passed requests',
            several)


def websocket(place, promise, nginx, token, echo):
    upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    refused = [nginx.get('/websocket', headers=upgrade),
               nginx.get(f'/websocket?token={uuid.uuid4()}', headers=upgrade)]
    promise([answer.status for answer in refused] == [401, 401] and echo.count == 0,
            'a WebSocket without a good token gets no further', (refused, echo.count))
    with Client(nginx.port) as client:
        answer = client.ask(f'/websocket?token={token}', None, upgrade)
        client.socket.sendall(b'frame')
        frame = client.file.read(5)
    promise(answer.status == 101 and frame == b'FRAME', 'with the token in its query it is open', (answer, frame))


def outage(place, promise, nginx, token):
    """wazo-auth is gone."""
    known = nginx.get('/', token)
    promise(known.status == 200, 'what is known still passes when wazo-auth is gone', known)
    fresh = place.remember(str(uuid.uuid4()))
    undecided = [nginx.get(path, fresh) for path in ('/', '/late', '/late-other')]
    seen = [(answer.status, answer.headers.get('retry-after'), answer.headers['x-status']) for answer in undecided]
    promise(seen == [(503, '2', 'undecided'), (429, '2', 'undecided'), (500, None, 'undecided')],
            'the others are undecided: 503 with Retry-After, or what wazo_auth_undecided says', seen)
    began = time.monotonic()
    statuses = {nginx.get('/', str(uuid.uuid4())).status for _ in range(200)}
    lines = [line for line in nginx.log().splitlines() if 'undecided:' in line]
    most = 4 * (time.monotonic() - began + 3)
    promise(statuses == {503} and 0 < len(lines) <= most < 100,
            'and the error log says why, once a second and worker at most', (statuses, len(lines), most))
    records = [line for line in nginx.log().splitlines() if '[warn]' in line and 'is not asked for' in line]
    promise(records, 'with what the library says of it', nginx.log()[-2000:])


class Echo:
    """A service with WebSockets: it accepts every upgrade, and answers in capitals."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.count = 0

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            with peer, peer.makefile('rb') as lines:
                while lines.readline().strip():
                    pass
                peer.sendall(b'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
                peer.sendall(lines.read(5).upper())
