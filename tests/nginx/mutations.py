"""Shows that the tests of the nginx module can fail: breaks the module in each of these ways, and runs the part that must
then fail.

    tests/nginx/mutations.py [--check | WORD ...]

--check only looks whether each mutation still finds its place; words choose mutations by their names.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / 'bindings' / 'c' / 'nginx'
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402

# Name, file, text, what stands in its place, the part of run.py that must fail, a word of the promise that does.
MUTATIONS = [
    ('a no passes', 'access.c', ': NGX_HTTP_FORBIDDEN;', ': NGX_OK;', 'answers', 'without the access'),
    ('an unknown token is none with too little access', 'access.c', 'ctx->verdict = verdict;', ';', 'answers', 'unknown token'),
    ('an unknown token passes', 'access.c', 'if (is_allowed || ctx->verdict !=',
     'ctx->verdict = ctx->verdict ? WAZO_AUTH_VERDICT_ALLOWED : 0; if (is_allowed || ctx->verdict !=', 'configuration',
     'takes over'),
    ('nobody needs an identity', 'module.c', 'ngx_http_wazo_auth_uses_identity(cf);', 'false;', 'answers', 'whose the token is'),
    ('no token passes', 'access.c', 'return unauthorized(r, "Bearer");', 'return NGX_OK;', 'answers', 'without a token'),
    ('undecided passes', 'access.c', 'return undecided(r, conf->undecided_status);', 'return NGX_OK;', 'answers', 'undecided'),
    ('undecided without Retry-After', 'access.c', 'add_header(r, "Retry-After"', 'add_header(r, "X-Nothing"', 'answers',
     'Retry-After'),
    ('two tokens are one', 'access.c', 'if (count > 1) {', 'if (count > 2) {', 'answers', 'two tokens'),
    ('an empty access asks for none', 'access.c', 'if (access && !*access) {', 'if (access && !*access && (access = NULL)) {',
     'answers', 'empty access'),
    ('the tenant is not asked about', 'access.c', 'if (tenant && !*tenant) {', 'if (tenant) {', 'answers', 'in a tenant'),
    ('what nginx has lost stays lost', 'request.c', '!ctx && cleanup; cleanup', 'ctx && cleanup; cleanup', 'answers',
     'page of an error'),
    ('values are kept from before the check', 'variables.c', 'value->no_cacheable = 1;',
     'value->data = NULL; value->len = 0; value->not_found = 1; return NGX_OK;', 'answers', 'whose the token is'),
    ('every undecided request is logged', 'access.c', 'if (ngx_time() == warned) {', 'if (ngx_time() == 0) {', 'answers',
     'once a second'),
    ('the token is logged', 'access.c', '    if (!*token) {',
     '    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "%s", token);\n    if (!*token) {', 'answers',
     'no token is in a log'),
    ('the records of the library are lost', 'log.c', '        kept++;', '        lost++;', 'answers', 'what the library says'),
    ('an access alone leaves the place open', 'module.c', '(conf->access || conf->tenant)) {',
     '(conf->access && !conf->access)) {', 'configuration', 'access alone'),
    ('an access is not inherited', 'module.c', 'conf->access ? conf->access : around->access', 'conf->access',
     'configuration', 'takes over'),
    ('a missing URL is no mistake', 'server.c', 'if (!conf->is_used) {', 'if (true) {', 'configuration', 'mistakes'),
    ('any status for undecided', 'module.c', 'status < 400 || status > 599', 'status < 0', 'configuration', 'mistakes'),
    ('each worker has a verifier of its own', 'server.c', '"{\\"shared\\":true")', '"{\\"ttl_ms\\":60000")',
     'waiting', 'ask wazo-auth once'),
    ('the worker waits for wazo-auth', 'access.c',
     'is_allowed = wazo_auth_verifier_peek_decision(main->verifier, token, access, tenant, &decision);',
     'is_allowed = wazo_auth_verifier_decide(main->verifier, token, access, tenant, &decision, NULL);', 'waiting',
     'and its worker not'),
    ('a question is not cancelled', 'request.c', 'ngx_http_wazo_auth_cancel(ctx->question->call);', '', 'waiting', 'goes away'),
    ('a question keeps a request that has ended', 'request.c', 'ctx->question->request = NULL;', '', 'waiting', ''),
    ('the client is not watched', 'access.c', 'r->read_event_handler = ngx_http_test_reading;',
     'r->read_event_handler = ngx_http_block_reading;', 'waiting', 'goes away'),
    ('events are not applied', 'control.c', 'wazo_auth_verifier_apply_event(verifier, body, &error)', 'body != NULL',
     'revocation', 'message of the bus'),
    ('revocations are not applied', 'control.c', 'wazo_auth_verifier_invalidate(verifier, kind, id, &error)', 'id != kind',
     'revocation', 'a session'),
    ('a worker that quits does not wait', 'worker.c', 'ngx_add_timer(&alive, ALIVE_MS);', ';', 'lifetime', 'over a quit'),
    ('descriptors are left to nginx', 'watch.c', 'watch->fd = (ngx_socket_t)-1;\n}', '}', 'lifetime', 'error log'),
    ('completions are not freed', 'worker.c', 'wazo_auth_completion_free(completion);', '', 'memory', 'no leak'),
    ('questions are not freed', 'access.c', '    ngx_free(question);\n    if (!r)', '    if (!r)', 'memory', 'no leak'),
    ('decisions are not freed', 'access.c', 'wazo_auth_string_free(decision);', '', 'memory', 'no leak'),
    ('the log of a worker stays open', 'log.c', 'ngx_http_wazo_auth_unwatch(watch);', '', 'lifetime', 'error log'),
]


def apply(mutation, folder):
    """The file with the mutation, in the folder. False where the text is not in it."""
    _, name, text, other, _, _ = mutation
    file = folder / name
    content = file.read_text()
    if text not in content:
        return False
    file.write_text(content.replace(text, other, 1))
    return True


def copy(folder):
    """The sources, where they can be broken, at the depth that the Makefile counts on."""
    shutil.copytree(SOURCE, folder)
    return folder


def is_seen(mutation, folder):
    """Whether the part fails; gives the lines that say so, or what went wrong."""
    *_, part, word = mutation
    environment = {**os.environ, 'WAZO_AUTH_CLIENT_LIBRARY': str(artifacts.library())}
    built = subprocess.run(
        ['make', '-s', '-C', folder / 'sources', f'INCLUDE={ROOT}/include', f'BUILD={folder}/build', 'CFLAGS=-O1 -g -w',
         f'LIBRARY_DIR={artifacts.library().parent}'], capture_output=True, text=True, env=environment)
    if built.returncode:
        return False, f'it does not compile: {built.stderr[-600:]}'
    done = subprocess.run(
        [sys.executable, ROOT / 'tests' / 'nginx' / 'run.py', '--module-dir', folder / 'build', '--only', part],
        capture_output=True, text=True, env=environment, timeout=300)
    failed = [line for line in done.stdout.splitlines() if line.startswith('not ok')]
    return any(word in line or 'comes to its end' in line for line in failed), '; '.join(failed) or 'nothing failed'


def main(arguments):
    if '--help' in arguments:
        print(__doc__)
        return 0
    is_check = arguments == ['--check']
    chosen = [each for each in MUTATIONS if is_check or not arguments or any(word in each[0] for word in arguments)]
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for mutation in chosen:
            sources = copy(folder / 'sources')
            if not apply(mutation, sources):
                seen, said = False, f'{mutation[1]} has no {mutation[2]!r} any more'
            elif is_check:
                seen, said = True, ''
            else:
                for file in sources.iterdir():
                    os.utime(file)
                # What nginx's configure found holds for all.
                for configured in (folder / 'build' / 'tree').glob('configured-*'):
                    os.utime(configured)
                seen, said = is_seen(mutation, folder)
            failures += not seen
            if not is_check or not seen:
                print(f'{"ok" if seen else "not ok"} - {mutation[0]}: {said}', flush=True)
            shutil.rmtree(sources)
    print(f'{len(chosen) - failures} passed, {failures} failed')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
