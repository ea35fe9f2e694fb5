"""The aspects of the test of the Asterisk module, by their names. Each gets the world of run.py."""
import time
import uuid

from clients import Ami, Phone
from hosts import MODULE
from wazo_auth import Simulator

ACCESS = 'calld.users.me.calls.create'
IDENTITY = ('User', 'Tenant', 'Session', 'Auth', 'Stale')


def header(token):
    return f'X-Wazo-Token: {token}'


def documentation(world):
    for command, words in {
        'core show function WAZO_AUTH': ('WAZO_AUTH_USER_UUID', 'token-variable', 'fails closed'),
        'core show function WAZO_AUTH_IDENTITY': ('metadata/purpose',),
        'manager show command WazoAuthCheck': ('SessionUuid',),
        'manager show command WazoAuthInvalidate': ('session',),
        'manager show command WazoAuthEvent': ('auth_session_deleted',),
    }.items():
        printed = ' '.join(world.asterisk.command(command).split())
        world.check(f'`{command}` explains it', all(word in printed for word in words), printed)
    status = world.asterisk.status()
    is_right = status.get('url', '').startswith(world.simulator.url) and 'answers' in status.get('server', '')
    world.check('`wazo auth show status` says that the server answers', is_right, status)


def spoofs(token):
    """What a caller with a valid token that lacks the access may send, to get through all the same."""
    yield 'with a check of its own behind it', f'{token},confd.users.read):0'
    yield 'without the rest of the check', f'{token}):0'
    yield 'with another access', f'{token},confd.users.read'
    yield 'with another access and a quote', f'{token},confd.users.read"'
    yield 'with another access and a backslash', f'{token},confd.users.read\\'
    yield 'so long that Asterisk cuts off what follows', f'{token},confd.{"x" * 4060}'
    yield 'with blanks, so long that Asterisk cuts off what follows', f'{token}{" " * 4000}x'
    yield 'as a variable', '${TOKEN}'
    yield 'as the name of a variable', 'NAME_OF_A_VARIABLE'
    yield 'as a function', '${SHELL(echo 1)}'
    yield 'as an expression', '$[1 = 1]'


def calls(world):
    ended = world.log_in()
    world.simulator.ask('DELETE', f'/token/{ended}')
    refused = {
        'without a token': None,
        'with an empty token': '',
        'with an unknown token': str(uuid.uuid4()),
        'with a token that has ended': ended,
        "with another user's token": world.carol,
        'with a path in place of a token': f'{world.alice}/../{world.alice}',
        'with a token in capitals and more': f'{world.alice.upper()}x',
    }
    with Phone(world.asterisk.sip_port) as alice, Phone(world.asterisk.sip_port, 'bob') as bob:
        status = alice.call(header(world.alice))
        world.check('a call with the token of its user is answered', status == 200, status)
        for how, token in refused.items():
            status = alice.call(*([] if token is None else [header(token)]))
            world.check(f'a call {how} is refused', status == 403, status)
        for how, token in {'': world.bob, **{f', {how}': text for how, text in spoofs(world.bob)}}.items():
            status = bob.call(header(token))
            world.check(f'a call with a token that lacks the access{how}, is refused', status == 403, status)
        status = alice.call(header(world.carol), header(world.alice))
        world.check('of two headers, the first one counts', status == 403, status)
        status = alice.call(header(world.alice))
        world.check('and the good token is still good', status == 200, status)


def values(world):
    ami, owner = world.ami, world.owner(world.alice)
    good = ami.probe(TOKEN=world.alice, QUESTION=f'TOKEN,{ACCESS}')
    is_right = (good['Answer'], good['Branch'], good['WazoStatus'], good['Verdict'], good['WazoError']) == (
        '1', 'true', 'yes', 'allowed', '')
    world.check('a yes is 1, and its variables say so', is_right, good)
    told = {'User': owner['uuid'], 'Tenant': owner['tenant_uuid'], 'Session': owner['session_uuid'],
            'Auth': owner['auth_id'], 'Stale': 'false'}
    world.check('the variables tell whose the token is', told.items() <= good.items(), f'{told}; {good}')
    refusals = {
        'an unknown token': (str(uuid.uuid4()), f'TOKEN,{ACCESS}', 'invalid_token'),
        'a missing token': ('', f'TOKEN,{ACCESS}', 'invalid_token'),
        'a variable that is not there': ('', f'NO_SUCH_VARIABLE,{ACCESS}', 'invalid_token'),
        'a header of a call that has none': ('', f'PJSIP_HEADER(read,X-Wazo-Token),{ACCESS}', 'invalid_token'),
        'a missing access': (world.bob, f'TOKEN,{ACCESS}', 'missing_access'),
        'another tenant': (world.alice, f'TOKEN,{ACCESS},{uuid.uuid4()}', 'wrong_tenant'),
    }
    for what, (token, question, verdict) in refusals.items():
        said = ami.probe(TOKEN=token, QUESTION=question)
        is_right = (said['Answer'], said['Branch'], said['WazoStatus'], said['Verdict']) == ('0', 'false', 'no', verdict)
        world.check(f'{what}: no, and 0', is_right, said)
        world.check(f'{what}: the variables tell of nobody', not any(said[name] for name in IDENTITY), said)
    said = ami.probe(TOKEN=world.alice, QUESTION=f'TOKEN,{ACCESS}', THEN='NO_SUCH_VARIABLE')
    is_right = said['WazoStatus'] == 'no' and not any(said[name] for name in IDENTITY)
    world.check('a second check leaves nothing of the first one', is_right, said)
    accepted = {'no access': 'TOKEN', 'its own tenant': f'TOKEN,{ACCESS},{owner["tenant_uuid"]}',
                'blanks after the commas': f'TOKEN, {ACCESS}, {owner["tenant_uuid"]}'}
    for what, question in accepted.items():
        said = ami.probe(TOKEN=world.alice, QUESTION=question)
        world.check(f'a valid token with {what}: yes', said['Answer'] == '1', said)
    before = world.requests()
    malformed = {
        'an empty access': 'TOKEN,', 'an empty tenant': f'TOKEN,{ACCESS},', 'an empty access before a tenant': 'TOKEN,,x',
        'an access with a blank': 'TOKEN,confd users', 'too many arguments': f'TOKEN,{ACCESS},{owner["tenant_uuid"]},x', 'no argument': '',
        'a value in place of the name': world.alice, 'another function': 'SHELL(echo x),confd.users',
    }
    for what, question in malformed.items():
        said = ami.probe(TOKEN=world.alice, QUESTION=question)
        is_right = (said['Answer'], said['Branch'], said['WazoStatus'], said['WazoError']) == (
            '', 'false', 'undecided', 'invalid_argument')
        world.check(f'{what}: undecided', is_right and not any(said[name] for name in IDENTITY), said)
    said = ami.probe('mistake', TOKEN=world.alice, QUESTION=ACCESS)
    world.check('the value of the variable in place of its name is never a yes', said['Answer'] == '', said)
    world.check('about what is malformed or missing, wazo-auth is not asked', world.asked_since(before) == 0)


def functions(world):
    ami, owner = world.ami, world.owner(world.alice)
    for field, wanted in {
        'user_uuid': owner['uuid'], 'tenant_uuid': owner['tenant_uuid'], 'session_uuid': owner['session_uuid'],
        'auth_id': owner['auth_id'], 'verdict': 'allowed', 'metadata/uuid': owner['uuid'], 'metadata/no-such': '',
        'no_such': '',
    }.items():
        said = ami.probe('identity', TOKEN=world.alice, QUESTION=f'TOKEN,{field}')
        world.check(f'WAZO_AUTH_IDENTITY({field})', said['Value'] == wanted, f'{said}; expected {wanted}')
    said = ami.probe('identity', TOKEN=str(uuid.uuid4()), QUESTION='TOKEN,user_uuid')
    world.check('WAZO_AUTH_IDENTITY() of an unknown token is empty', said['Value'] == '', said)
    for token, wanted in ((world.alice, 'yes'), (world.bob, 'no')):
        said = ami.probe('agi', QUESTION=token)
        is_right = said['Answer'] == wanted and said['User'] == (owner['uuid'] if wanted == 'yes' else '')
        world.check(f'an AGI script asks, and is told {wanted}', is_right, said)
    # Slow enough for the question whether the caller has hung up.
    world.simulator.faults({'fault': 'delay', 'ms': 300, 'path': '*/token/*'})
    said = ami.probe('hung-up', 'After', ASK_AFTER='yes', TOKEN=world.log_in(), QUESTION=f'TOKEN,{ACCESS}')
    world.simulator.faults()
    world.check('the extension h can ask, too', said['Answer'] == '1', said)
    said = ami.action('WazoAuthCheck', Token=world.alice, Access=ACCESS)
    is_right = (said.get('Status'), said.get('Verdict'), said.get('UserUuid')) == ('yes', 'allowed', owner['uuid'])
    world.check('AMI: WazoAuthCheck says yes, and who', is_right, said)
    said = ami.action('WazoAuthCheck', Token=f'{world.bob},confd.users.read', Access=ACCESS)
    world.check('AMI: WazoAuthCheck takes the token as it is', said.get('Status') == 'no', said)
    said = ami.action('WazoAuthCheck', Token=world.alice, Access='')
    world.check('AMI: an empty access is undecided', said.get('Status') == 'undecided', said)
    said = ami.action('WazoAuthCheck', Access=ACCESS)
    world.check('AMI: a missing token is an error', said.get('Response') == 'Error', said)
    ami.action('Setvar', Variable='ASKED_BY_AMI', Value=world.alice)
    said = ami.action('Getvar', Variable=f'WAZO_AUTH(ASKED_BY_AMI,{ACCESS})')
    world.check('AMI: Getvar asks about a global variable', said.get('Value') == '1', said)
    ami.action('Setvar', Variable='ASKED_BY_AMI', Value='')


def together(world, count=100):
    """Calls that come at the same time, with a token that nobody has asked about."""
    token = world.log_in()
    world.simulator.faults({'fault': 'delay', 'ms': 500, 'path': f'*/token/{token}*'})
    before = world.requests(token)
    with Phone(world.asterisk.sip_port) as phone:
        statuses = phone.finish([phone.begin(header(token)) for _ in range(count)])
    world.simulator.faults()
    world.check(f'{count} calls at a time with one token: all are answered', statuses == [200] * count, statuses)
    asked = world.asked_since(before, token)
    world.check(f'{count} calls at a time with one token: wazo-auth is asked once', asked == 1, f'{asked} requests')
    first_hangs_up(world)
    tokens = [world.log_in() for _ in range(20)] + [world.log_in('bob') for _ in range(20)]
    with Phone(world.asterisk.sip_port) as phone:
        statuses = phone.finish([phone.begin(header(token)) for token in tokens])
    is_right = statuses == [200] * 20 + [403] * 20
    world.check('40 calls at a time with a token each: each gets its own answer', is_right, statuses)


def first_hangs_up(world):
    """Whoever asks first asks for all; when this caller hangs up, the others must have their answer all the same."""
    token = world.log_in()
    world.simulator.faults({'fault': 'delay', 'ms': 1500, 'path': f'*/token/{token}*'})
    before = world.requests(token)
    with Phone(world.asterisk.sip_port) as phone:
        first = phone.begin(header(token))
        is_asked = wait(lambda: world.requests(token) > before, 5)
        others = [phone.begin(header(token)) for _ in range(5)]
        is_waiting = wait(lambda: '6 active calls' in world.asterisk.command('core show channels count'), 5)
        phone.cancel(first)
        statuses = phone.finish([first, *others])
    world.simulator.faults()
    is_right = is_asked and is_waiting and statuses == [487] + [200] * 5
    seen = f'{is_asked}, {is_waiting}, {statuses}'
    world.check('the caller for whom wazo-auth is asked hangs up: the others are answered', is_right, seen)


def outage(world):
    known, *fresh = (world.log_in() for _ in range(8))
    with Phone(world.asterisk.sip_port) as phone:
        phone.call(header(known))
        world.simulator.faults({'fault': 'bad_gateway', 'status': 503, 'path': '*/token/*'})
        held = [phone.call(header(known)) for _ in range(3)]
        failed = [phone.call(header(token)) for token in fresh[:5]]
        said = world.ami.probe(TOKEN=fresh[5], QUESTION=f'TOKEN,{ACCESS}')
        world.simulator.faults()
        world.check('in an outage, what is known holds', held == [200] * 3, held)
        world.check('in an outage, a call with another token gets 503', failed == [503] * 5, failed)
        is_right = (said['Answer'], said['Branch'], said['WazoStatus'], said['Verdict']) == (
            '', 'false', 'undecided', 'unknown')
        world.check('in an outage, the function is empty, and neither yes nor no', is_right, said)
        world.check('its error says why', said['WazoError'] == 'unavailable', said)
        # The verifier leaves a server that failed alone, for 16 s at most.
        deadline = time.monotonic() + 20
        while (status := phone.call(header(fresh[6]))) == 503 and time.monotonic() < deadline:
            time.sleep(0.1)
        world.check('after it, calls are answered again', status == 200, status)


def limits(world):
    world.simulator.faults({'fault': 'delay', 'ms': 60_000, 'path': '*/token/*'})
    with Phone(world.asterisk.sip_port) as phone:
        began, before = time.monotonic(), world.requests()
        call = phone.begin(header(world.log_in()))
        is_asked = wait(lambda: world.requests() > before, 5)
        phone.cancel(call)
        status = phone.finish([call], 9)[0]
        gone = wait(lambda: '0 active channels' in world.asterisk.command('core show channels count'), 9)
        took = time.monotonic() - began
        is_right = is_asked and status == 487 and gone and took < 8
        world.check('a caller who hangs up ends the check, before its limit of 10 s', is_right, f'{status}, {took:.1f} s')
        world.asterisk.configure(world.general.replace('timeout_ms = 10000', 'timeout_ms = 700'))
        world.asterisk.reload()
        began = time.monotonic()
        status = phone.call(header(world.log_in()))
        took = time.monotonic() - began
        is_right = status == 503 and 0.6 < took < 4
        world.check('a server that does not answer: 503 after timeout_ms, 700 ms', is_right, f'{status}, {took:.2f} s')
    world.simulator.faults()
    world.asterisk.configure(world.general)
    world.asterisk.reload()


def wait(is_so, seconds):
    """Waits until something is so; whether it was in time."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def events(world):
    """A token is revoked, and only the module is told."""
    def revoked():
        token = world.log_in()
        before = phone.call(header(token))
        session = world.owner(token)['session_uuid']
        world.simulator.ask('DELETE', f'/token/{token}')
        return token, session, before

    with Phone(world.asterisk.sip_port) as phone:
        token, session, before = revoked()
        status = phone.call(header(token))
        world.check('a revoked token is accepted for ttl_ms', (before, status) == (200, 200), (before, status))
        body = f'{{"name": "auth_session_deleted", "data": {{"uuid": "{session}"}}}}'
        said = world.ami.action('WazoAuthEvent', Body=body)
        status = phone.call(header(token))
        is_right = said.get('Message') == 'Applied' and status == 403
        world.check('and no longer once AMI was told that its session has ended', is_right, (said, status))
        token, session, _ = revoked()
        said = world.ami.action('WazoAuthInvalidate', Kind='session', ID=session)
        status = phone.call(header(token))
        world.check('AMI: WazoAuthInvalidate', (said.get('Response'), status) == ('Success', 403), (said, status))
        for arguments in ('session {session}', 'token {token}', 'all'):
            token, session, _ = revoked()
            printed = world.asterisk.command(f'wazo auth invalidate {arguments.format(session=session, token=token)}')
            status = phone.call(header(token))
            name = arguments.split()[0]
            world.check(f'CLI: wazo auth invalidate {name}', 'Done' in printed and status == 403, (printed, status))
    for action, headers in (('WazoAuthEvent', {'Body': 'no JSON'}), ('WazoAuthEvent', {}),
                            ('WazoAuthInvalidate', {'Kind': 'phone', 'ID': '1'}), ('WazoAuthInvalidate', {})):
        said = world.ami.action(action, **headers)
        is_right = said.get('Response') == 'Error' and said.get('Message')
        world.check(f'AMI: {action} with {headers or "nothing"} is an error', is_right, said)
    printed = world.asterisk.command('wazo auth invalidate phone 1')
    world.check('CLI: what cannot be invalidated is an error that says what can', 'session' in printed, printed)


def reloads(world):
    asterisk = world.asterisk
    token = world.log_in()
    with Phone(asterisk.sip_port) as phone:
        phone.call(header(token))
        before = world.requests(token)
        asterisk.reload()
        status = phone.call(header(token))
        asked = world.asked_since(before, token)
        world.check('a reload without a change keeps what is known', (status, asked) == (200, 0), (status, asked))
        for text, words in {
            'url = ftp://wazo.example.com': ('line 2', 'url'),
            'timeout_ms = soon': ('line 2', 'timeout_ms'),
            'no_such_option = 1': ('line 2', 'no_such_option'),
            'timeout_ms = 1000': ('URL', 'missing'),
            f'{world.general}\n[verifer]\nttl_ms = 1': ('[verifer]',),
            f'{world.general}\n[verifier]\nttl_ms = long': ('ttl_ms',),
        }.items():
            asterisk.configure(text)
            log = asterisk.reload()
            line = next((line for line in log.splitlines() if 'ERROR' in line and 'res_wazo_auth.conf' in line), '')
            world.check(f'a file with a mistake: the log tells of {words}', all(word in line for word in words), log)
        status = phone.call(header(token))
        world.check('a file with a mistake changes nothing', status == 200, status)
        with Simulator() as other:
            asterisk.configure(f'url = {other.url}?prefix=\nca_file = {other.ca_file}', 'ttl_ms = 5000')
            asterisk.reload()
            status = phone.call(header(token))
            world.check('a reload with another URL: the tokens of the other server count', status == 403, status)
            status = asterisk.status()
            world.check('and the status shows it', status['url'].startswith(other.url), status)
        asterisk.configure(world.general)
        asterisk.reload()
        status = phone.call(header(token))
        world.check('and back', status == 200, status)


def unloads(world, count=20):
    asterisk = world.asterisk
    token = world.log_in()
    with Phone(asterisk.sip_port) as phone:
        def cycle():
            unloaded = asterisk.command('module unload res_wazo_auth.so')
            loaded = asterisk.command('module load res_wazo_auth.so')
            return 'Unloaded' in unloaded and 'Loaded' in loaded and phone.call(header(token)) == 200

        phone.call(header(token))
        cycle()
        before = asterisk.descriptors()
        good = sum(cycle() for _ in range(count))
        world.check(f'unloaded and loaded {count} times, with a call each time', good == count, good)
        # The idle connection of the last call is the one that may be open.
        wait(lambda: asterisk.descriptors() <= before, 10)
        world.check('no file descriptor is left', asterisk.descriptors() <= before, f'{before}, {asterisk.descriptors()}')
        asterisk.command('module unload res_wazo_auth.so')
        status = phone.call(header(token))
        world.check('without the module, no call is admitted', status == 403, status)
        asterisk.command('module load res_wazo_auth.so')

        world.simulator.faults({'fault': 'delay', 'ms': 60_000, 'path': '*/token/*'})
        before = world.requests()
        call = phone.begin(header(world.log_in()))
        # AMI has no caller whose hanging up would end the check.
        listener = Ami(asterisk.ami_port)
        listener.send('WazoAuthCheck', Token=world.log_in())
        wait(lambda: world.requests() > before + 1, 5)
        printed = asterisk.command('module unload res_wazo_auth.so')
        world.check('while a check runs, the module cannot be unloaded', 'Unable to unload' in printed, printed)
        began = time.monotonic()
        printed = asterisk.command('module unload -f res_wazo_auth.so')
        status = phone.finish([call], 9)[0]
        with listener:
            said = listener.event(Status='undecided')
        took = time.monotonic() - began
        is_right = 'Unloaded' in printed and status >= 400 and said.get('Error') == 'cancelled' and took < 6
        world.check('unloaded by force, it ends the checks first', is_right, f'{printed}, {status}, {said}, {took:.1f} s')
        world.simulator.faults()
        asterisk.command('module load res_wazo_auth.so')
        status = phone.call(header(token))
        world.check('and Asterisk goes on', status == 200, status)


def log(world):
    """At the end: the simulator is stopped, and so is Asterisk."""
    with Ami(world.asterisk.ami_port) as listener, Phone(world.asterisk.sip_port) as phone:
        token = world.log_in()
        phone.call(header(token))
        world.simulator.stop()
        status = phone.call(header(str(uuid.uuid4())))
        world.check('without a server: 503', status == 503, status)
        said = world.ami.probe(TOKEN=str(uuid.uuid4()), QUESTION=f'TOKEN,{ACCESS}')
        world.check('without a server: undecided', (said['Answer'], said['WazoStatus']) == ('', 'undecided'), said)
        status = world.asterisk.status()
        world.check('`wazo auth show status` says that it does not serve', 'does not serve' in status['server'], status)
        listener.action('Ping')
        texts = [text for text in listener.texts if token in text]
        world.check('a call with a token: no event of AMI has the token', not texts, texts)
    text = world.asterisk.log.read_text(errors='replace')
    shown = [line for line in text.splitlines() if any(secret in line for secret in world.secrets)]
    # The test itself gives tokens to Asterisk in variables of Local channels and in a global one, which Asterisk shows.
    others = [line for line in shown if '"Local/' not in line and 'ASKED_BY_AMI' not in line]
    world.check('no token of a call is in the log', not others, others[:3])
    seconds = [line[:22] for line in text.splitlines() if 'wazo-auth: undecided (' in line]
    is_right = seconds and len(set(seconds)) == len(seconds)
    world.check('the log tells of checks that were undecided, at most once a second', is_right, seconds)
    is_there = 'is not asked for' in text and 'answers again' in text
    world.check('it tells that the server is left alone, and that it is back', is_there)
    world.check('the sample configuration is one that Asterisk reads', sample_is_read(world), world.asterisk.output()[-2000:])
    status = world.asterisk.end()
    world.check('Asterisk ends when told to', status == 0, f'status {status}')


def sample_is_read(world):
    """The sample as it is, with another URL."""
    sample = (MODULE / 'res_wazo_auth.conf').read_text()
    world.asterisk.write('res_wazo_auth.conf', sample)
    world.asterisk.reload()
    return world.asterisk.status().get('url', '').startswith('https://wazo.example.com/api/auth')


ALL = {
    aspect.__name__: aspect
    for aspect in (documentation, calls, values, functions, together, outage, limits, events, reloads, unloads, log)
}
