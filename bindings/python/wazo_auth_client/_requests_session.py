"""Makes a `requests.Session` with the settings of a client, for commands of other packages that send their own
requests."""
from __future__ import annotations

from functools import partial
from importlib import import_module

from . import _settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def make(given: Mapping[str, Any]) -> Any:
    """The session for the settings of a client, as its constructor takes them."""
    requests: Any
    try:
        requests = import_module('requests')
    except ImportError:
        raise ImportError('client.session() needs the package requests: pip install requests') from None

    session = requests.Session()
    session.trust_env = False
    session.headers['User-Agent'] = _settings.user_agent(given) or 'wazo-auth-client'
    if given['token']:
        session.headers['X-Auth-Token'] = str(given['token'])
    if given['tenant']:
        session.headers['Wazo-Tenant'] = str(given['tenant'])
    if given['username'] and given['password']:
        # As bytes: `requests` writes texts as Latin-1, which wazo-auth does not read, and which lacks most letters.
        session.auth = requests.auth.HTTPBasicAuth(*(str(given[name]).encode() for name in ('username', 'password')))
    if given['timeout'] is not None:
        session.request = partial(session.request, timeout=given['timeout'])
    verification = _settings.verification(given['verify_certificate'])
    session.verify = verification.get('ca_file') or verification['verify_certificate'] == 'true'
    if session.verify is False:
        # Said by the caller: a warning at every request would say nothing new.
        requests.packages.urllib3.disable_warnings()
    options = given['native_options'] or {}
    certificate, key = options.get('client_certificate_file'), options.get('client_key_file')
    if certificate:
        session.cert = (certificate, key) if key else certificate
    if options.get('proxy'):
        session.proxies = {'http': options['proxy'], 'https': options['proxy']}
    return session
