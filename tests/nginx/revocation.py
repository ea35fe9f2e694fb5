"""Tokens that are revoked: refused in every worker once nginx is told, or after ttl_ms."""
import time

from nginx import Nginx, wait_until

SERVER = '''
    location / { wazo_auth_access nginx.read; empty_gif; }
    location = /control { wazo_auth_control; client_body_buffer_size 4k; access_log off; }
'''


def run(place, promise):
    with Nginx(place.module_dir, SERVER, place.http()) as nginx:

        def everywhere(token):
            """The statuses, once every worker has answered."""
            statuses, workers = set(), set()
            for _ in range(400):
                answer = nginx.get('/', token)
                statuses.add(answer.status)
                workers.add(answer.worker)
                if len(workers) == 4:
                    return statuses
            raise LookupError(f'only {workers} answer')

        def revokes(what, body_of):
            token = place.token('nginx.read')
            data = place.simulator.ask('GET', f'/token/{token}')['data']
            before = everywhere(token)
            place.simulator.ask('DELETE', f'/token/{token}')
            kept = everywhere(token)
            told = nginx.control(body_of(token, data))
            after = everywhere(token)
            promise(before == kept == {200} and told == (200, {'is_applied': True}) and after == {401},
                    f'{what} ends a token in every worker', (before, kept, told, after))

        revokes('a message of the bus', lambda token, data: {
            'name': 'auth_session_deleted', 'data': {'uuid': data['session_uuid'], 'user_uuid': '', 'tenant_uuid': ''}})
        for kind, path in [('session', ['session_uuid']), ('user', ['metadata', 'uuid']), ('tenant', ['metadata', 'tenant_uuid'])]:
            revokes(f'a {kind}', lambda token, data, kind=kind, path=path: {
                'invalidate': kind, 'id': data[path[0]] if len(path) == 1 else data[path[0]][path[1]]})
        revokes('a token', lambda token, data: {'invalidate': 'token', 'id': token})
        revokes('all', lambda token, data: {'invalidate': 'all'})
        refused = [nginx.control(body) for body in ({'invalidate': 'x', 'id': 'y'}, {'invalidate': 'user'}, b'{', b'')]
        promise([status for status, _ in refused] == [400] * 4 and all(answer['error'] for _, answer in refused),
                'what is no revocation is refused with the reason', refused)
        large = nginx.get('/control', method='POST', body=b'x' * 8000).status
        promise(large == 413 and nginx.get('/control', method='PUT').status == 405, 'so is what is too large, and another method',
                large)
        status, counted = nginx.control()
        promise(status == 200 and counted['verifier']['hits'] > 0 and counted['verifier']['invalidations'] == 6
                and counted['worker']['pid'] in nginx.workers(), 'the control location counts in all workers', counted)
        place.check_logs(promise, nginx)
    with Nginx(place.module_dir, SERVER, place.http('wazo_auth_verifier ttl_ms 500;')) as nginx:
        token = place.token('nginx.read')
        before = nginx.get('/', token).status
        place.simulator.ask('DELETE', f'/token/{token}')
        began = time.monotonic()
        ended = wait_until(lambda: nginx.get('/', token).status == 401, 5)
        took_s = time.monotonic() - began
        promise(before == 200 and ended and took_s < 2, 'without being told, it is refused after ttl_ms', (before, ended, took_s))
        place.check_logs(promise, nginx)
