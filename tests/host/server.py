"""The peer of the host tests: an echo server over HTTP/1.1 and HTTPS, and peers that misbehave.

Every answer repeats what tells one call from all others: the last segment of the path, the token, the number of the
connection. So a caller can check that an answer is its own. Segments may begin with commands, each ended by `_`:

    delay.200_x   answer after 200 ms             drip.100_x      the body byte by byte, 100 ms between them
    hold_x        never answer                    driphead.100_x  the same, beginning with the head

`GET .../token/good-7` answers as wazo-auth does about a valid token, and about any other that it does not know it.

Ports are made on request, by a call below `/control/`:

    ports?up=100     a port that passes on to `target` (a port), and resets after 100 bytes from the client
    ports?down=100   the same, after 100 bytes from the server
    ports?stall=100  it stops reading after 100 bytes from the client, and stays open
    ports?hole=1     a port on which no connection is ever completed: a listener whose backlog is full
    stats            connections made, open and ended by the client; requests; those that are held
    release          answers all that is held

It prints its ports as one line of JSON and ends when its standard input does.
"""

import asyncio
import json
import resource
import socket
import ssl
import struct
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

CERTIFICATE = Path(__file__).resolve().parents[1] / 'support' / 'data' / 'loopback.pem'
IDLE_SECONDS = 1.0


class Stats:
    connections = 0
    open = 0
    ended_by_client = 0
    requests = 0


held = set()
kept = []  # sockets that must stay as they are


def reset(transport):
    """Ends a connection with a TCP reset."""
    sock = transport.get_extra_info('socket')
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    transport.abort()


class Echo(asyncio.Protocol):
    """One connection. Clients do not pipeline, so that one request is worked on at a time."""

    def __init__(self, idle_seconds=None):
        self.idle_seconds = idle_seconds
        self.idle = None
        self.head, self.left, self.buffer = None, 0, b''

    def connection_made(self, transport):
        Stats.connections += 1
        Stats.open += 1
        self.number = Stats.connections
        self.transport = transport
        transport.get_extra_info('socket').setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def eof_received(self):
        Stats.ended_by_client += 1

    def connection_lost(self, error):
        Stats.open -= 1
        held.discard(self)

    def data_received(self, data):
        if self.idle:
            self.idle.cancel()
            self.idle = None
        if self.head is None:
            self.buffer += data
            head, end, rest = self.buffer.partition(b'\r\n\r\n')
            if not end:
                return
            self.buffer = b''
            lines = head.split(b'\r\n')
            self.method, self.target, _ = lines[0].decode().split(' ')
            self.head = dict(line.decode('latin-1').split(': ', 1) for line in lines[1:])
            self.head = {name.lower(): value for name, value in self.head.items()}
            self.left = self.length = int(self.head.get('content-length', 0))
            data = rest
        self.left -= len(data)
        if self.left <= 0:
            self.work()

    def work(self):
        Stats.requests += 1
        path = self.target.partition('?')[0]
        if '/control/' in path:
            asyncio.ensure_future(self.control(path))
            return
        last = path.rsplit('/', 1)[1]
        self.last = last
        if '_' not in last:
            self.answer()
            return
        command, _, value = last.split('_')[0].partition('.')
        if command == 'hold':
            held.add(self)
        elif command == 'delay':
            asyncio.get_running_loop().call_later(int(value) / 1000, self.answer)
        else:
            asyncio.ensure_future(self.drip(int(value) / 1000, command == 'driphead'))

    def parts(self):
        path = self.target.partition('?')[0]
        if self.method == 'GET' and path.rpartition('/')[0].endswith('/token'):
            return self.about_token(self.last.rpartition('_')[2])
        body = b'{"uuid": "%s", "token": "%s", "connection": %d, "method": "%s", "length": %d}' % (
            self.last.encode(),
            self.head.get('x-auth-token', '').encode('latin-1'),
            self.number,
            self.method.encode(),
            self.length,
        )
        head = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body)
        return head, b'' if self.method == 'HEAD' else body

    @staticmethod
    def about_token(token):
        """A token that is valid if its name is `good-NAME`: it may do `may.NAME.#`, and belongs to `user-NAME`."""
        kind, _, name = token.partition('-')
        if kind == 'good':
            status = '200 OK'
            about = {
                'token': token,
                'auth_id': f'user-{name}',
                'session_uuid': f'session-{name}',
                'acl': [f'may.{name}.#', *(f'filler.{number}.*.read' for number in range(int(name) % 40))],
                'metadata': {'uuid': f'user-{name}', 'tenant_uuid': f'tenant-{name}'},
            }
            body = json.dumps({'data': about}).encode()
        else:
            status = '404 Not Found'
            body = json.dumps({'reason': ['No such token'], 'timestamp': [0], 'status_code': 404}).encode()
        head = f'HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n'
        return head.encode(), body

    def answer(self):
        head, body = self.parts()
        self.done(head + body)

    def done(self, answer):
        held.discard(self)
        if self.transport.is_closing():
            return
        self.head = None
        self.transport.write(answer)
        if self.idle_seconds:
            self.idle = asyncio.get_running_loop().call_later(self.idle_seconds, self.transport.close)

    async def drip(self, pause, with_head):
        head, body = self.parts()
        slow = head + body if with_head else body
        if not with_head:
            self.transport.write(head)
        for byte in slow:
            if self.transport.is_closing():
                return
            self.transport.write(bytes([byte]))
            await asyncio.sleep(pause)
        self.done(b'')

    async def control(self, path):
        what = path.rsplit('/', 1)[1]
        query = {key: int(value) for key, value in parse_qsl(urlsplit(self.target).query)}
        result = {}
        if what == 'ports':
            result = {'port': await port(**query)}
        elif what == 'release':
            result = {'released': len(held)}
            for connection in list(held):
                connection.answer()
        elif what == 'stats':
            result = {name: value for name, value in vars(Stats).items() if not name.startswith('_')}
            result['held'] = len(held)
        body = json.dumps(result).encode()
        head = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body)
        self.done(head + body)


async def port(target=0, up=None, down=None, stall=None, hole=None):
    """Opens a port that misbehaves; its number."""
    if hole:
        return black_hole()

    async def passed_on(reader, writer):
        if up == 0:
            reset(writer.transport)
            return
        to_reader, to_writer = await asyncio.open_connection('127.0.0.1', target)

        async def carry(source, sink, until, then):
            while True:
                if until is not None and until <= 0:
                    await then()
                    return
                data = await source.read(65536 if until is None else min(until, 65536))
                if not data:
                    sink.close()
                    return
                sink.write(data)
                await sink.drain()
                until = until and until - len(data)

        async def break_off():
            # What was passed on is on its way before the reset overtakes it.
            await asyncio.sleep(0.005)
            reset(writer.transport)
            to_writer.close()

        async def stop():
            # Not one byte more: the client's buffers and ours fill up.
            writer.transport.pause_reading()
            await asyncio.sleep(3600)

        forth = carry(reader, to_writer, up if stall is None else stall, break_off if stall is None else stop)
        back = carry(to_reader, writer, down, break_off)
        await asyncio.gather(forth, back, return_exceptions=True)

    server = await asyncio.start_server(passed_on, '127.0.0.1', 0, limit=4096)
    kept.append(server)
    return server.sockets[0].getsockname()[1]


def black_hole():
    """A listener that never accepts and whose backlog is full: further connections are left waiting."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(0)
    kept.append(listener)
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        kept.append(filler)
    return listener.getsockname()[1]


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # peers that hang up are part of the tests
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    ports = {}
    for name, tls, idle in [
        ('HTTP', None, None),
        ('HTTPS', context, None),
        ('HTTP_IDLE', None, IDLE_SECONDS),
        ('HTTPS_IDLE', context, IDLE_SECONDS),
    ]:
        server = await loop.create_server(lambda idle=idle: Echo(idle), '127.0.0.1', 0, ssl=tls, backlog=4096)
        kept.append(server)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == '__main__':
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    try:
        asyncio.run(asyncio.wait_for(main(), None))
    except KeyboardInterrupt:
        pass
