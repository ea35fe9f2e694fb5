"""What talks to Asterisk in the test: a SIP phone that makes many calls at a time, and a client of AMI."""
import re
import socket
import time
import uuid

SDP = '''v=0\r
o=phone 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio {port} RTP/AVP 0\r
'''


class Phone:
    """Calls over UDP, in the name of an endpoint. It sends no media."""

    def __init__(self, port, user='alice'):
        self.user = user
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(('127.0.0.1', port))
        self.own_port = self.socket.getsockname()[1]
        self.calls = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, call, method, number, branch, to_tag='', body='', headers=()):
        lines = [
            f'{method} sip:{call["number"]}@127.0.0.1 SIP/2.0',
            f'Via: SIP/2.0/UDP 127.0.0.1:{self.own_port};branch={branch}',
            'Max-Forwards: 70',
            f'From: <sip:{self.user}@127.0.0.1>;tag={call["id"]}',
            f'To: <sip:{call["number"]}@127.0.0.1>{to_tag}',
            f'Call-ID: {call["id"]}',
            f'CSeq: {number} {method}',
            f'Contact: <sip:{self.user}@127.0.0.1:{self.own_port}>',
            *headers,
            *(['Content-Type: application/sdp'] if body else []),
            f'Content-Length: {len(body)}',
        ]
        self.socket.send(('\r\n'.join([*lines, '', '']) + body).encode(errors='surrogateescape'))

    def begin(self, *headers, number='100'):
        """Sends an INVITE; gives the call."""
        call = {'id': uuid.uuid4().hex, 'number': number, 'status': None, 'branch': f'z9hG4bK{uuid.uuid4().hex}'}
        self.calls[call['id']] = call
        self.request(call, 'INVITE', 1, call['branch'], body=SDP.format(port=self.own_port), headers=headers)
        return call

    def cancel(self, call):
        self.request(call, 'CANCEL', 1, call['branch'])

    def take(self, seconds):
        """Handles the next message; false where none came."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            text = self.socket.recv(65536).decode(errors='replace')
        except (TimeoutError, ConnectionRefusedError):
            return False
        found = re.match(r'SIP/2.0 (\d+)', text)
        call = self.calls.get(re.search(r'^Call-ID: *(\S+)', text, re.MULTILINE | re.IGNORECASE)[1])
        method = re.search(r'^CSeq: *(\d+) (\w+)', text, re.MULTILINE | re.IGNORECASE)[2]
        if found and call and method == 'INVITE' and int(found[1]) >= 200:
            tag = re.search(r'^To:.*?(;tag=\S+)', text, re.MULTILINE | re.IGNORECASE)[1]
            is_first, call['status'] = call['status'] is None, int(found[1])
            if call['status'] < 300:
                self.request(call, 'ACK', 1, f'z9hG4bK{uuid.uuid4().hex}', tag)
                if is_first:
                    self.request(call, 'BYE', 2, f'z9hG4bK{uuid.uuid4().hex}', tag)
            else:
                self.request(call, 'ACK', 1, call['branch'], tag)
        return True

    def finish(self, calls, seconds=30):
        """Waits for the answers to the calls; gives their statuses, None for one that had none."""
        deadline = time.monotonic() + seconds
        while any(call['status'] is None for call in calls) and (left := deadline - time.monotonic()) > 0:
            if not self.take(min(left, 0.5)):
                time.sleep(0.01)  # nobody listens yet: the refusal came at once
        return [call['status'] for call in calls]

    def call(self, *headers, number='100', seconds=30):
        """The status of one call."""
        return self.finish([self.begin(*headers, number=number)], seconds)[0]


class Ami:
    """A connection to AMI: actions, and the events that came."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=30)
        self.file = self.socket.makefile('rw', encoding='utf-8', errors='replace', newline='')
        self.file.readline()
        self.events, self.texts = [], []
        self.action('Login', Username='test', Secret='test')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def read(self):
        """The next message."""
        message = {}
        while line := self.file.readline():
            line = line.rstrip('\r\n')
            if not line:
                return message
            self.texts.append(line)
            name, _, value = line.partition(':')
            message[name] = value.strip()
        raise EOFError('Asterisk has closed the connection to AMI')

    def send(self, name, *variables, **headers):
        """Sends an action; gives its identifier."""
        identifier = uuid.uuid4().hex
        lines = [f'Action: {name}', f'ActionID: {identifier}', *(f'{key}: {value}' for key, value in headers.items())]
        lines += [f'Variable: {variable}' for variable in variables]
        self.file.write('\r\n'.join([*lines, '', '']))
        self.file.flush()
        return identifier

    def action(self, name, *variables, **headers):
        """The response to an action; events that come before it are kept."""
        identifier = self.send(name, *variables, **headers)
        while True:
            message = self.read()
            if message.get('ActionID') == identifier and 'Response' in message:
                return message
            self.events.append(message)

    def event(self, **wanted):
        """Waits for an event with these headers."""
        while True:
            for number, event in enumerate(self.events):
                if wanted.items() <= event.items():
                    return self.events.pop(number)
            self.events.append(self.read())

    def probe(self, extension='ask', name='Probe', **variables):
        """Makes a call into the context `probe`, with these variables; gives what it says."""
        identifier = uuid.uuid4().hex
        # AMI would take a comma for the end of the variable.
        values = {key: value.replace(',', '\\,') for key, value in {**variables, 'ID': identifier}.items()}
        self.action(
            'Originate', *(f'{key}={value}' for key, value in values.items()),
            Channel=f'Local/{extension}@probe/n', Context='probe', Exten='wait', Priority='1', Async='true',
        )
        event = self.event(Event='UserEvent', UserEvent=name, Id=identifier)
        return {key: value.strip('<>') for key, value in event.items()}
