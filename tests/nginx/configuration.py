"""Mistakes in the configuration, which `nginx -t` must find and name; how directives are inherited; the sample."""
import re
import subprocess
import tempfile
from pathlib import Path

from nginx import CONFIGURATION, MODULE, Nginx, environment

SAMPLE = Path(__file__).resolve().parents[2] / 'bindings' / 'c' / 'nginx' / 'nginx.conf'
URL = 'wazo_auth_url https://localhost/api/auth;'

# Lines of http{}, of server{}, and what nginx must say.
MISTAKES = [
    ('', 'wazo_auth on;', 'the URL of wazo-auth is missing'),
    ('', 'wazo_auth_access a.b;', 'the URL of wazo-auth is missing'),
    ('wazo_auth_url nonsense;', '', 'expected https://'),
    (URL + 'wazo_auth_option timeout 5;', '', 'unknown option "timeout"'),
    (URL + 'wazo_auth_option timeout_ms soon;', '', 'timeout_ms'),
    (URL + 'wazo_auth_option ca_file /nonexistent.pem;', '', '/nonexistent.pem'),
    (URL + 'wazo_auth_verifier ttl 5;', '', 'option "ttl"'),
    (URL + 'wazo_auth_verifier max_tokens 0;', '', 'max_tokens'),
    (URL + 'wazo_auth_verifier shared false;', '', 'the workers always share the verifier'),
    (URL, 'wazo_auth maybe;', 'it must be "on" or "off"'),
    (URL, 'wazo_auth_undecided 200;', 'expected a status from 400 to 599, not "200"'),
    (URL, 'wazo_auth_token $arg_a; wazo_auth_token $arg_b;', 'is duplicate'),
    (URL, 'wazo_auth_access a; wazo_auth_access b;', 'is duplicate'),
    (URL, 'wazo_auth_access $no_such_variable;', 'unknown "no_such_variable" variable'),
    (URL, 'wazo_auth_url https://other;', 'directive is not allowed here'),
]

INHERITED = '''
    location = /as-around { empty_gif; }
    location /off { wazo_auth off; empty_gif; location /off/inner { empty_gif; } }
    location /access { wazo_auth off; empty_gif; location /access/inner { wazo_auth_access nginx.other; empty_gif; } }
    location /other { wazo_auth_access nginx.other; empty_gif; location /other/inner { wazo_auth on; empty_gif; } }
'''


def run(place, promise):
    missed = []
    for http, server, wanted in MISTAKES:
        status, said = check(place.module_dir, http, server)
        if status == 0 or wanted not in said:
            missed.append((http, server, wanted, said))
    promise(not missed, f'nginx -t finds {len(MISTAKES)} mistakes, and names them', missed)
    status, said = check(place.module_dir, URL, 'wazo_auth on; location / { wazo_auth off; }')
    promise(status == 0, 'and none where there is none, without asking wazo-auth', said)

    token = place.token('nginx.read')
    with Nginx(place.module_dir, INHERITED, place.http('wazo_auth_access nginx.read;'), workers=1) as nginx:
        wanted = {'/as-around': 200, '/off': 200, '/off/inner': 200, '/access': 200, '/access/inner': 403, '/other': 403,
                  '/other/inner': 403}
        seen = {path: nginx.get(path, token).status for path in wanted}
        promise(seen == wanted, 'a place takes over what it does not say itself', seen)
        wanted = {'/as-around': 401, '/off': 200, '/off/inner': 200, '/access': 200, '/access/inner': 401, '/other': 401}
        seen = {path: nginx.get(path).status for path in wanted}
        promise(seen == wanted, 'an access alone is checked: nobody has to say `wazo_auth on` as well', seen)
        place.check_logs(promise, nginx)
    sample(place, promise)


def check(module_dir, http, server):
    """What `nginx -t` says of a configuration."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'nginx.conf'
        values = {'module': Path(module_dir).resolve() / MODULE, 'workers': 1, 'folder': folder, 'log_level': 'info',
                  'listen': '', 'logged': ''}
        file.write_text(CONFIGURATION.format(http=http, server=server, port=1, **values))
        done = subprocess.run(['nginx', '-t', '-e', 'stderr', '-c', file], capture_output=True, text=True, timeout=30,
                              env=environment())
    return done.returncode, done.stderr


def sample(place, promise):
    """The sample, with nothing replaced but addresses, and the paths of this test."""
    text = re.sub(r'#.*', '', SAMPLE.read_text()).replace('{', '{{').replace('}', '}}')
    for old, new in [
        (f'modules/{MODULE}', '{module}'),
        ('worker_processes auto', 'daemon off; pid {folder}/pid; error_log {folder}/error.log info; worker_processes {workers}'),
        ('https://wazo.example.com/api/auth', place.simulator.url),
        ('/etc/ssl/certs/ca-certificates.crt', place.simulator.ca_file),
        ('logs/access.log', '{folder}/statuses.log'),
        ('listen 8443', 'listen 127.0.0.1:{port}'),
        ('listen 127.0.0.1:8444', 'listen unix:{folder}/control'),
        ('root files', 'root {folder}'),
        ('http {{', 'http {{ client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; '
                    'uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;'),
    ]:
        if old not in text:
            raise LookupError(f'the sample does not have {old!r} any more')
        text = text.replace(old, new)
    with Nginx(place.module_dir, text=text, workers=2) as nginx:
        (nginx.folder / 'provd').mkdir(mode=0o755)
        (nginx.folder / 'provd' / 'phone.cfg').write_text('settings of a phone')
        token, other = place.token('provd.files.read'), place.token('nginx.other')
        seen = [nginx.get('/health').status, nginx.get('/provd/phone.cfg', token).body,
                nginx.get('/provd/phone.cfg', other).status, nginx.get('/provd/phone.cfg').status,
                nginx.get('/api/confd/1.1/users', token).status]
        promise(seen == [200, 'settings of a phone', 403, 401, 403], 'the sample protects what it says', seen)
        (nginx.folder / 'access.log').touch()
        place.check_logs(promise, nginx)
