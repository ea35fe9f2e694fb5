"""The code of the documentation: which blocks a page has, and programs of them that run.

The words after the language of a block say what it is:

    ```c program        a complete program; it is compiled and run alone
    ```rust example X   the file examples/X.rs, word for word; it is run by cargo
    ```c                a part: all parts of a page follow one another in one program, whose beginning is below
    ```c fragment       code that needs another host (Asterisk, libuv); it is not compiled
"""
import re
import textwrap

FENCE = re.compile(r'^```(\w+)([^\n]*)\n(.*?)^```$', re.DOTALL | re.MULTILINE)

# What the parts of a page find: a client that is logged in, and what it got.
HEADS = {
    'c': r'''
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wazo_auth_client.h>

static void settled(int block, wazo_auth_error *error)
{
    if (!error)
        return;
    fprintf(stderr, "part %d: %s\n", block, wazo_auth_error_message(error));
    exit(1);
}

int main(void)
{
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    wazo_auth_options_set_from_environment(options, &error);
    wazo_auth_client *client = error ? NULL : wazo_auth_client_new(options, &error);
    settled(0, error);
    char *login = wazo_auth_token_new(client, NULL, NULL, NULL, &error);
    char *login_token = wazo_auth_json_get(login, "/token", &error);
    wazo_auth_client_set_token(client, login_token, &error);
    wazo_auth_string_free(login_token);
    settled(0, error);
''',
    'cpp': r'''
#include <wazo_auth_client.hpp>
#include <iostream>

namespace auth = wazo::auth;

int main() {
    auth::Client client(auth::Options::from_environment());
    const std::string token = auth::json_get(client.token().new_({}, {}), "/token").value();
    client.set_token(token);
''',
    'python': '''
import os
from wazo_auth_client import Client
client = Client.from_url(os.environ['WAZO_AUTH_URL'], username=os.environ['WAZO_AUTH_USERNAME'],
                         password=os.environ['WAZO_AUTH_PASSWORD'],
                         verify_certificate=os.environ.get('WAZO_AUTH_CA_FILE', True))
token = client.token.new(expiration=3600)
client.set_token(token['token'])
''',
}
TAILS = {
    'c': '''
    wazo_auth_string_free(login);
    wazo_auth_client_free(client);
    wazo_auth_options_free(options);
    return 0;
}
''',
    'cpp': '}\n',
    'python': '',
}


class Block:
    """One block of code."""

    def __init__(self, language, words, text):
        self.language, self.words, self.text = language, words.split(), text

    @property
    def kind(self):
        """`program`, `example`, `fragment`, or `part`."""
        return self.words[0] if self.words else 'part'


def blocks_of(text):
    """Every block of code of a page."""
    return [Block(*found) for found in FENCE.findall(text)]


def joined(language, parts):
    """One program of all parts of a page."""
    body = ''
    for number, part in enumerate(parts, 1):
        if language == 'python':
            body += f'# part {number}\n{part}'
        elif language == 'c':
            body += f'    /* {number} */\n{textwrap.indent(part, "    ")}    settled({number}, error);\n'
        else:
            body += f'    // {number}\n{textwrap.indent(part, "    ")}'
    return HEADS[language] + body + TAILS[language]
