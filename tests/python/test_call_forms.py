"""Every call form, attribute and constructor form that public programs use with the reference client works here.

tests/data/python_call_forms.jsonl lists them: 268 call forms (the number of positional arguments, the keywords, whether
there are `*` and `**`), 34 attributes and 10 forms of the constructor. Each is really used, against a server of this
test. The method and the path that must arrive are those of tests/data/api_operations.txt, not of the package.
"""
import base64
import json
import re
import unittest

import requests
from support import DATA, GROUP, PASSWORD, ROOT, TENANT, TOKEN, USER, Server, ServerTest, refused

FORMS = [json.loads(line) for line in (ROOT / 'tests/data/python_call_forms.jsonl').read_text('utf-8').splitlines()]
POLICY = '9f0d1c1e-3b55-4a0c-8f4e-5f0c8e2d7a11'
SESSION = '5d5a0c1e-7f43-4f3c-a4f2-7f7a4f0d2b90'
EMAIL = '0f4f6d0a-3a0e-4f8e-9a53-6d2a7d1f6c33'
ABOVE = '54eb71f8-1f4b-4ae4-8730-638062fbe521'
PARENT = 'a7f5c2a0-64ab-4b5b-9a5a-1a0b9c7d3e55'

# The positional arguments of each method, in the reference client's order. A name that stands in the path of the
# operation is that part of the path.
POSITIONAL = {
    'admin.update_user_emails': 'user emails',
    'config.patch': 'document',
    'emails.confirm': 'email',
    'external.create': 'type user document',
    'external.create_config': 'type document tenant_uuid',
    'external.delete': 'type user',
    'external.delete_config': 'type tenant_uuid',
    'external.get': 'type user tenant_uuid',
    'external.get_config': 'type tenant_uuid',
    'external.list_': 'user',
    'external.list_connected_users': 'type',
    'external.update': 'type user document',
    'external.update_config': 'type document tenant_uuid',
    'groups.add_policy': 'group policy',
    'groups.add_user': 'group user',
    'groups.delete': 'group',
    'groups.edit': 'group',
    'groups.get': 'group',
    'groups.get_policies': 'group',
    'groups.get_users': 'group',
    'groups.remove_policy': 'group policy',
    'groups.remove_user': 'group user',
    'idp.add_user': 'type user',
    'idp.add_users': 'type users',
    'idp.remove_user': 'type user',
    'ldap_config.delete': 'tenant_uuid',
    'ldap_config.get': 'tenant_uuid',
    'ldap_config.update': 'document tenant_uuid',
    'policies.add_access': 'policy access',
    'policies.delete': 'policy',
    'policies.edit': 'policy name',
    'policies.get': 'policy',
    'policies.new': 'name',
    'policies.remove_access': 'policy access',
    'saml_config.create': 'tenant_uuid',
    'saml_config.delete': 'tenant_uuid',
    'saml_config.get': 'tenant_uuid',
    'saml_config.get_metadata': 'tenant_uuid',
    'saml_config.update': 'tenant_uuid',
    'sessions.delete': 'session',
    'tenants.add_user': 'tenant user',
    'tenants.delete': 'tenant tenant_uuid',
    'tenants.edit': 'tenant',
    'tenants.get': 'tenant',
    'tenants.get_domains': 'tenant',
    'tenants.list': 'tenant_uuid',
    'tenants.remove_user': 'tenant user',
    'tenants.update_parent': 'tenant parent',
    'token.check': 'token required_acl',
    'token.check_scopes': 'token scopes',
    'token.delete': 'user client_id',
    'token.get': 'token required_acl',
    'token.is_valid': 'token required_acl',
    'token.list': 'user',
    'token.new': 'backend',
    'token.revoke': 'token',
    'users.add_policy': 'user policy',
    'users.change_password': 'user',
    'users.delete': 'user',
    'users.edit': 'user',
    'users.get': 'user',
    'users.get_groups': 'user',
    'users.get_policies': 'user',
    'users.get_sessions': 'user',
    'users.remove_policy': 'user policy',
    'users.remove_session': 'user session',
    'users.request_confirmation_email': 'user email',
    'users.set_password': 'user_uuid password token',
    'users.update_emails': 'user emails',
}
VALUES = {
    'access': 'dird.me.#', 'access_type': 'offline', 'acl': ['dird.#'], 'auth_type': 'mobile',
    'authentication_method': 'native', 'backend': 'wazo_user', 'client_id': 'softphone', 'data': {'key': 'value'},
    'default_authentication_method': 'ldap', 'direction': 'desc', 'document': {'key': 'value'},
    'domain_name': 'wazo.example.com', 'domain_names': ['wazo.example.com'], 'email': EMAIL,
    'email_address': 'bob@example.com', 'emails': [{'address': 'bob@example.com', 'main': True}], 'enabled': False,
    'expiration': 60, 'firstname': 'Bob', 'group': GROUP, 'has_policy_slug': 'admin', 'has_policy_uuid': POLICY,
    'lastname': 'Smith', 'limit': 5, 'login': 'bob', 'mobile': True, 'name': 'agents', 'new_password': 'new',
    'offset': 10, 'old_password': 'old', 'order': 'name', 'parent': PARENT, 'parent_uuid': PARENT, 'password': 's3cr3t',
    'policy': POLICY, 'policy_slug': 'admin', 'policy_uuid': POLICY, 'purpose': 'internal', 'read_only': True,
    'recurse': True, 'refresh_token': 'refresh', 'required_access': 'dird.read', 'required_acl': 'dird.read',
    'scopes': ['dird.read', 'confd.read'], 'search': 'bob', 'session': SESSION, 'shared': True, 'slug': 'agents',
    'tenant': TENANT, 'tenant_uuid': ABOVE, 'token': TOKEN, 'type': 'mobile', 'user': USER, 'user_agent': 'softphone/2',
    'user_uuid': USER, 'username': 'bob', 'users': [{'uuid': USER}], 'uuid': USER, 'uuids': [TENANT, PARENT],
}
# What stands for `**`, and for `*` where the form has one.
MORE = {
    'groups.edit': {'name': 'agents'},
    'groups.list': {'search': 'bob', 'limit': 5},
    'groups.new': {'name': 'agents', 'slug': 'agents'},
    'ldap_config.delete': {'tenant_uuid': ABOVE},
    'ldap_config.get': {'tenant_uuid': ABOVE},
    'policies.edit': {'name': 'agents', 'acl': ['dird.#'], 'description': 'of all'},
    'policies.list': {'search': 'bob', 'order': 'name'},
    'policies.new': {'name': 'agents', 'acl': ['dird.#']},
    'saml_config.create': {
        'data': {'domain_uuid': USER, 'entity_id': 'entity', 'acs_url': 'https://host/acs'},
        'files': {'metadata': ('metadata.xml', b'<xml/>')},
    },
    'saml_config.update': {'data': {'entity_id': 'entity'}, 'files': {'metadata': ('metadata.xml', b'<xml/>')}},
    'sessions.list': {'limit': 5, 'tenant_uuid': ABOVE},
    'tenants.edit': {'name': 'agents', 'contact': USER},
    'tenants.new': {'name': 'agents', 'parent_uuid': PARENT},
    'token.new': {'expiration': 60, 'username': 'bob', 'password': 's3cr3t'},
    'users.edit': {'username': 'bob', 'enabled': False},
    'users.list': {'search': 'bob', 'recurse': True},
    'users.new': {'username': 'bob', 'password': 's3cr3t'},
    'users.register': {'username': 'bob', 'password': 's3cr3t', 'email_address': 'bob@example.com'},
}
STAR = {'token.new': ('backend',), 'users.edit': ('user',), 'users.new': ()}
# What the reference client has not either: the server had these operations once, and the keyword is no one's. A program
# that calls them fails in the same way with both clients.
UNKNOWN = {
    ('tenants.add_user', ''): AttributeError,
    ('tenants.remove_user', ''): AttributeError,
    ('token.is_valid', 'required_access'): TypeError,
}
# The server answers these without a body.
SILENT = re.compile(
    r'\w+\.(delete|delete_config|update_config|confirm|(add|remove)_(user|users|policy|access|session))'
    r'|users\.(change_password|reset_password|set_password|request_confirmation_email)|tenants\.update_parent'
)
HELPERS = ('external._build_url', 'external._get_headers', 'external.raise_from_response')


def of(kind):
    return [form for form in FORMS if kind in form]


def operations():
    """The method and the path of each operation by its name, as tests/data/api_operations.txt has them."""
    found = {}
    for line in (ROOT / 'tests/data/api_operations.txt').read_text('utf-8').splitlines():
        request, _, names = line.partition(' -> ')
        if names and not line.startswith('#'):
            for name in names.partition(' | ')[0].split(', '):
                found[name] = tuple(request.split())
    found['external.list_'] = found['external.list']
    return found


def arguments(form):
    """The arguments of a form: names and values of those by position, and the keywords."""
    operation = form['call']
    names = POSITIONAL.get(operation, '').split()[: form['positional']]
    assert len(names) == form['positional'], f'{operation}: POSITIONAL has no {form["positional"]} names'
    names += STAR[operation] if form['star'] else ()
    keywords = {name: VALUES[name] for name in form['keywords'] if name != '**'}
    more = MORE[operation] if '**' in form['keywords'] else {}
    return names, [VALUES[name] for name in names], {**{k: v for k, v in more.items() if k not in names}, **keywords}


def unknown(form):
    """The exception of a form that the reference client has not either; None for all others."""
    return UNKNOWN.get((form['call'], ' '.join(form['keywords']))) or UNKNOWN.get((form['call'], ''))


def answer_to(operation, method):
    if operation == 'status.check':
        return 200, {}, ''
    if operation == 'saml_config.get_metadata':
        return 200, {'Content-Type': 'application/xml'}, '<xml/>'
    if method == 'HEAD' or SILENT.fullmatch(operation):
        return 204, {}, ''
    return 200, {}, json.dumps({'data': {'token': TOKEN}, 'items': [], 'total': 0})


def as_query(value):
    return [str(item).lower() for item in (value if isinstance(value, list) else [value])]


def what_is_wrong(operation, request, name, value):
    """Why an argument did not arrive; None if it did."""
    headers, aliases = request.headers, {'required_acl': 'scope', 'required_access': 'scope'}
    if name in ('tenant_uuid', 'parent_uuid'):
        found, value = headers.get('wazo-tenant'), str(value)
    elif name == 'user_agent':
        found = headers.get('user-agent')
    elif name == 'token':  # that of users.set_password
        found = headers.get('x-auth-token')
    elif operation == 'token.new' and name in ('username', 'password'):
        found = base64.b64decode(headers['authorization'].split()[1]).decode().split(':')[name == 'password']
    elif operation.startswith('saml_config.'):
        parts = [f'name="{part}"'.encode() for part in value]
        return None if all(part in request.body for part in parts) else f'no {parts} in {request.body!r}'
    elif name in ('document', 'data'):
        found = request.json()
    elif request.method in ('GET', 'HEAD') or (operation, name) == ('users.set_password', 'user_uuid'):
        found, value = request.query.get(aliases.get(name, name)), as_query(value)
        found = found and [text.lower() for text in found]
    else:
        found = request.json().get('tenant_uuid' if (operation, name) == ('token.check_scopes', 'tenant') else name)
    return None if found == value else f'{name} arrived as {found!r}, not as {value!r}'


class CallForms(ServerTest):
    def test_the_file_holds_every_form_that_was_found(self):
        self.assertEqual([len(of(kind)) for kind in ('call', 'attribute', 'constructor')], [268, 34, 10])
        self.assertEqual(len(FORMS), 312)
        self.assertLessEqual(set(HELPERS), {form['call'] for form in of('call')})

    def test_every_call_form_sends_the_request_of_its_operation_with_its_arguments(self):
        table = operations()
        for form in of('call'):
            if form['call'] not in HELPERS and unknown(form) is None:
                with self.subTest(f'{form["call"]} {form["positional"]} {form["star"] and "*"} {form["keywords"]}'):
                    self.make(form, *table[form['call']])

    def test_what_the_reference_client_has_not_either_fails_as_there(self):
        forms = [form for form in of('call') if unknown(form)]
        self.assertEqual(len(forms), len(UNKNOWN))
        for form in forms:
            _, values, keywords = arguments(form)
            resource, _, call = form['call'].partition('.')
            with self.subTest(form['call']), self.assertRaises(unknown(form)):
                getattr(getattr(self.client, resource), call)(*values, **keywords)
        self.assertEqual(self.server.seen, [])

    def make(self, form, method, template):
        operation = form['call']
        names, values, keywords = arguments(form)
        self.server.answer = answer_to(operation, method)
        self.server.seen.clear()
        resource, _, call = operation.partition('.')
        getattr(getattr(self.client, resource), call)(*values, **keywords)
        self.assertEqual(len(self.server.seen), 1)
        request = self.server.last
        in_path = re.findall(r'\{(\w+)\}', template)
        path = template.format(**{name: VALUES[name] for name in in_path})
        self.assertEqual((request.method, requests.utils.unquote(request.path)), (method, f'/0.1{path}'))
        sent = {**{n: v for n, v in zip(names, values) if n not in in_path}, **keywords}
        for name, part in (('auth_type', 'type'), ('user_uuid', 'user')):  # in the path, but by keyword
            if part in in_path:
                sent.pop(name, None)
        wrong = [what_is_wrong(operation, request, name, value) for name, value in sent.items()]
        self.assertEqual([text for text in wrong if text], [])


class Helpers(ServerTest):
    """What plugins of other packages call in the resources of the reference client."""

    def test_build_url_is_the_url_of_an_external_service_of_a_user(self):
        url = self.client.external._build_url('mobile', USER)
        self.assertEqual(url, self.client.url('users', USER, 'external', 'mobile'))

    def test_get_headers_are_those_that_every_request_of_the_reference_has(self):
        self.assertEqual(dict(self.client.external._get_headers()), {'Accept': 'application/json'})

    def test_a_request_by_hand_is_sent_as_the_client_would_send_it(self):
        external = self.client.external
        self.server.answer = (200, {}, '{"sender_id": "1"}')
        self.client.tenant_uuid = TENANT
        response = external.session.get(external._build_url('mobile', USER), headers=external._get_headers())
        self.assertEqual((response.status_code, response.json()), (200, {'sender_id': '1'}))
        request = self.server.last
        self.assertEqual((request.method, request.path), ('GET', f'/0.1/users/{USER}/external/mobile'))
        self.assertEqual((request.headers['x-auth-token'], request.headers['wazo-tenant']), (TOKEN, TENANT))
        external.raise_from_response(response)

    def test_raise_from_response_raises_the_server_s_message_as_an_error_of_requests(self):
        self.server.answer = refused(404, 'no such service')
        response = requests.get(f'http://127.0.0.1:{self.server.port}/', timeout=10)
        with self.assertRaises(requests.HTTPError) as raised:
            self.client.external.raise_from_response(response)
        self.assertEqual(raised.exception.response.status_code, 404)
        self.assertIn('404 Client Error: no such service for url', str(raised.exception))


class Attributes(ServerTest):
    def test_every_attribute_that_programs_read_is_there(self):
        for form in of('attribute'):
            with self.subTest(form['attribute']):
                resource, _, name = form['attribute'].partition('.')
                value = getattr(self.client, resource)
                value = getattr(value, name) if name else value
                if name not in ('', 'base_url', 'session'):
                    self.assertTrue(callable(value))

    def test_the_base_url_of_a_resource_is_its_url(self):
        self.assertEqual(self.client.token.base_url, self.client.url('token'))


class Constructors(ServerTest):
    def test_every_constructor_form_makes_a_client_that_calls_its_server(self):
        for form in of('constructor'):
            with self.subTest(f'{form["positional"]} {form["keywords"]}'):
                # Without `https`, a client speaks HTTPS.
                self.make(form, self.server if 'https' in form['keywords'] else self.start(Server(tls=True)))

    def make(self, form, server):
        from wazo_auth_client import Client

        values = {
            'host': '127.0.0.1', 'port': server.port, 'prefix': None, 'https': server.tls, 'username': 'bob',
            'password': PASSWORD, 'token': TOKEN, 'verify_certificate': str(DATA / 'loopback-ca.pem'),
        }
        positional = ['host', 'port'][: form['positional']]
        named = [name for name in form['keywords'] if name != '**']
        keywords = {name: values[name] for name in named}
        if '**' in form['keywords']:
            # The section `auth` of a daemon's configuration, which holds more than a client takes.
            rest = {name: values[name] for name in ('host', 'port', 'prefix', 'https', 'verify_certificate')}
            rest.update(timeout=10, key_file='/var/lib/key.yml', service_id='s', master_tenant_uuid=TENANT)
            keywords.update({name: rest[name] for name in rest if name not in (*positional, *named)})
        client = Client(*(values[name] for name in positional), **keywords)
        self.assertIsNone(client.status.check())
        self.assertEqual((server.last.method, server.last.path), ('HEAD', '/0.1/status'))
        if 'token' in named:
            self.assertEqual(server.last.headers['x-auth-token'], TOKEN)
        if 'password' in named:
            server.answer = (200, {}, '{"data": {}}')
            client.token.new()
            credentials = base64.b64encode(f'bob:{PASSWORD}'.encode()).decode()
            self.assertEqual(server.last.headers['authorization'], f'Basic {credentials}')


if __name__ == '__main__':
    unittest.main()
