"""Writes a program with a call of every form that programs use, for type checkers.

tests/data/python_call_forms.jsonl has the forms, found in public programs: how many arguments stand by position, which
keywords there are, whether there is `*list` or `**dictionary`. The arguments have the types that such programs have.
"""
import inspect
import json

from support import ROOT

from wazo_auth_client import Client, _native

VALUES = {
    'text': 'a_text', 'integer': 'a_number', 'boolean': 'a_boolean', 'texts': 'some_texts', 'objects': 'some_objects',
    'object': 'an_object', 'any': 'an_object',
}
BEGINNING = '''"""Generated from python_call_forms.jsonl."""
from typing import Any, Dict, List
from wazo_auth_client import Client


def calls(
    client: Client,
    a_text: str,
    a_number: int,
    a_boolean: bool,
    some_texts: List[str],
    some_objects: List[Dict[str, Any]],
    an_object: Dict[str, Any],
    some_arguments: List[Any],
    some_keywords: Dict[str, Any],
) -> None:
'''
CONSTRUCTOR = {'host': 'a_text', 'port': 'a_number', 'https': 'a_boolean', 'verify_certificate': 'a_boolean'}


def program():
    """The program, and the calls that are left out, because they fail at runtime, or the server refuses them."""
    operations = {operation['name']: operation for operation in _native.operations()}
    client, lines, left_out = Client('localhost'), [], set()
    for line in (ROOT / 'tests' / 'data' / 'python_call_forms.jsonl').read_text(encoding='utf-8').splitlines():
        form = json.loads(line)
        if 'constructor' in form:
            lines.append(f'    Client({", ".join(arguments(Client, form, CONSTRUCTOR))})')
        elif 'call' in form:
            resource, _, verb = form['call'].partition('.')
            method = getattr(getattr(client, resource), verb, None)
            operation = operations.get(form['call'].rstrip('_'))
            if operation is None or not takes(method, form) or form['call'] == 'users.change_password' and (
                'old_password' not in form['keywords']
            ):
                left_out.add(f'{form["call"]}({", ".join(form["keywords"])})')
                continue
            kinds = {parameter['name']: VALUES[parameter['kind']] for parameter in operation['parameters']}
            lines.append(f'    client.{form["call"]}({", ".join(arguments(method, form, kinds))})')
    return BEGINNING + '\n'.join(lines) + '\n', left_out


def takes(method, form):
    """Whether the method takes the call."""
    keywords = {name: None for name in form['keywords'] if name != '**'}
    signature = inspect.signature(method)
    bind = signature.bind_partial if form['star'] or '**' in form['keywords'] else signature.bind
    try:
        bind(*[None] * form['positional'], **keywords)
    except TypeError:
        return False
    return True


def arguments(function, form, kinds):
    names = list(inspect.signature(function).parameters)
    given = [kinds.get(name, 'a_text') for name in names[: form['positional']]]
    given += ['*some_arguments'] if form.get('star') else []
    given += [f'{name}={kinds.get(name, "a_text")}' for name in form['keywords'] if name != '**']
    return given + (['**some_keywords'] if '**' in form['keywords'] else [])
