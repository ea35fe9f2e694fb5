#!/usr/bin/env python3
"""Writes the C code that calls every function of the header, for every_symbol.c.

    every_symbol.py include/wazo_auth_client.h tests/data/abi-symbols.txt > every_symbol_calls.h

Reads the prototypes from the header, and from wazo_auth_client/operations.h beside it, so that a new function is called
without anybody remembering it. Fails where the headers and the list of exported symbols differ. For each function up to
three calls:

  - NULL (or 0) for everything but `error`,
  - NULL for `error` too,
  - a living client with NULL for the rest, where the first argument is a client.
"""
import pathlib
import re
import sys

PROTOTYPE = re.compile(r'([\w][\w\s*]*?[\s*])(wazo_auth_\w+)\(([^;{}]*)\)\s*;')
CALLBACK = re.compile(r'typedef\s[^;{}]*\(\s*\*\s*(\w+)\s*\)\s*\(')


def prototypes(header):
    """(result, name, [types of the parameters]) of each function, and the names of callback types."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*', ' ', header, flags=re.S)
    text = re.sub(r'^\s*#(?:[^\n]*\\\n)*[^\n]*$', ' ', text, flags=re.M)
    callbacks = set(CALLBACK.findall(text))
    text = re.sub(r'typedef[^;{]*(\{[^}]*\})?[^;]*;', ' ', text)
    text = re.sub(r'__attribute__\s*\(\(.*?\)\)|\bWAZO_AUTH_[A-Z_]+(\s*\([^()]*\))?|extern "C" \{', ' ', text)
    for result, name, parameters in PROTOTYPE.findall(text):
        types = [' '.join(part.split()) for part in parameters.split(',')]
        yield ' '.join(result.split()), name, [] if types == ['void'] else types, callbacks


def argument(parameter, callbacks):
    """What stands for nothing in the place of this parameter."""
    if '*' in parameter or parameter.split()[0] in callbacks:
        return 'NULL'
    return f'({parameter.rpartition(" ")[0]})0'


def calls(result, name, parameters, callbacks):
    """The statements that call one function."""
    takes_error = bool(parameters) and parameters[-1].startswith('wazo_auth_error **')
    ordinary = parameters[:-1] if takes_error else parameters
    nothing = [argument(parameter, callbacks) for parameter in ordinary]
    takes_handle = bool(ordinary) and re.match(r'(const )?wazo_auth_\w+ \*', ordinary[0]) is not None
    variants = [(nothing, '&error', 'MUST_REFUSE' if takes_handle else 'MAY_REFUSE')]
    if takes_error:
        variants.append((nothing, 'NULL', 'NO_ERROR_WANTED'))
        if ordinary and ordinary[0].startswith('const wazo_auth_client *'):
            variants.append((['client', *nothing[1:]], '&error', 'MAY_REFUSE'))
    for arguments, error, expected in variants:
        call = f'{name}({", ".join(arguments + ([error] if takes_error else []))})'
        if not takes_error:
            yield from plain_call(result, name, call, has_arguments=bool(ordinary))
        elif result == 'bool':
            yield f'{{ const bool result = {call}; judge("{call}", result, true, {expected}); }}'
        elif result == 'void':
            yield f'{call}; judge("{call}", error == NULL, false, {expected});'
        elif '*' in result:
            free = release(result)
            yield f'{{ {result}result = {call}; judge("{call}", result != NULL, false, {expected}); {free}(void)result; }}'
        else:
            # A number: 0 or less is a failure, as in the rest of C.
            yield f'{{ const {result} result = {call}; judge("{call}", result > 0, false, {expected}); }}'


def plain_call(result, name, call, has_arguments):
    """A call that has no way to fail; without arguments its result must be there."""
    if result == 'void':
        yield f'{call}; called("{call}", true);'
    elif '*' in result:
        holds = 'true' if has_arguments else 'result != NULL'
        yield f'{{ {result}result = {call}; called("{call}", {holds}); {release(result)}(void)result; }}'
    else:
        yield f'{{ const {result} result = {call}; (void)result; called("{call}", true); }}'


def release(result):
    """The statement that frees a result of that type; nothing where the library keeps it."""
    if result == 'char *':
        return 'wazo_auth_string_free(result); '
    owned = re.fullmatch(r'(wazo_auth_\w+) \*', result)
    return f'{owned.group(1)}_free(result); ' if owned else ''


def main(header_path, symbols_path):
    header_path = pathlib.Path(header_path)
    headers = [header_path, header_path.with_suffix('') / 'operations.h']
    functions = [function for path in headers for function in prototypes(path.read_text(encoding='utf-8'))]
    with open(symbols_path, encoding='utf-8') as file:
        symbols = {line.strip() for line in file if line.strip() and not line.startswith('#')}
    names = {name for _, name, _, _ in functions}
    if names != symbols:
        sys.exit(f'{header_path} and {symbols_path} differ: {", ".join(sorted(names ^ symbols))}')
    print('/* Written by tests/c/every_symbol.py. */')
    print(f'#define FUNCTIONS_IN_HEADER {len(functions)}')
    for _, name, _, _ in functions:
        print(f'static void call_{name}(const wazo_auth_client *client);')
    print('static void (*const functions[])(const wazo_auth_client *client) = {')
    for _, name, _, _ in functions:
        print(f'    call_{name},')
    print('};')
    for function in functions:
        print(f'static void call_{function[1]}(const wazo_auth_client *client)\n{{\n    (void)client;')
        for statement in calls(*function):
            print(f'    {statement}')
        print('}')


if __name__ == '__main__':
    main(*sys.argv[1:])
