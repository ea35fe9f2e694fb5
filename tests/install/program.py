"""What an installed package has to do: run by the Python of a virtual environment, which has it and nothing else of ours.

    program.py VERSION LIBRARY_FOLDER HTTP_URL HTTPS_URL CA_FILE

Prints `well`; anything else is an exception.
"""
import sys

import wazo_auth_client
from wazo_auth_client import Client
from wazo_auth_client.exceptions import HTTPError, WazoAuthError

version, folder, http, https, authority = sys.argv[1:]
assert wazo_auth_client.__version__ == version, wazo_auth_client.__version__
try:
    import requests
except ImportError:
    requests = None

for url in (http, https):
    host, _, port = url.partition('://')[2].partition(':')
    keywords = {'https': url == https, 'verify_certificate': authority, 'prefix': None, 'timeout': 20}
    with Client(host, int(port), username='admin', password='secret', **keywords) as client:
        token = client.token.new(expiration=60)['token']
        client.set_token(token)
        assert client.token.is_valid(token)
        assert not client.token.is_valid('unknown')
        assert client.users.list()['items']
        try:
            client.users.get('00000000-0000-0000-0000-000000000000')
        except HTTPError as error:
            assert error.response.status_code == 404 and isinstance(error, WazoAuthError), error
            assert requests is None or isinstance(error, requests.HTTPError), type(error).__mro__
        else:
            raise AssertionError('a user that nobody made is there')

# The library is that of the installed package, and of nothing else on this machine.
with open('/proc/self/maps') as maps:
    loaded = {line.split()[-1] for line in maps if 'wazo_auth_client' in line}
assert loaded and all(path.startswith(folder) for path in loaded), loaded
assert ('requests' in sys.modules) == (requests is not None)
print('well')
