"""A server that wants the client's memory: answers without end or measure, over HTTP/1.1 and HTTP/2.

The last segment of the path says what comes. `good` is answered well, by every port.

    large.30        a JSON text of 30 MB
    announced       a length of 2^60 bytes, and a few of them
    endless         a chunked body that ends when the client goes
    headers         a million headers
    long-header     one header of 20 MB
    deep.3          lists in lists, 3 MB of them; deep-refusal.3 with status 404
    members.5       an object of 5,000,000 members
    items.500       a page of 500,000 items, each of its own

Ports of HTTP/2 misbehave on their first connection, and answer well on all others: H2_CONTINUATION sends frames of
headers without end; H2_INDEXED a small block of headers that stands for 400 MB.

It prints its ports as one line of JSON and ends when its standard input does.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path

CERTIFICATE = Path(__file__).resolve().parents[1] / 'support' / 'data' / 'loopback.pem'
GOOD = b'{"uuid": "good"}'
kept = []


def head(length, status='200 OK', more=b''):
    return b'HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n' % (
        status.encode(), length, more,
    )


async def answer(what, writer):
    name, _, number = what.partition('.')
    number = int(number or 0)
    if name == 'large':
        body = b'{"a": "' + b'x' * (number * 1_000_000) + b'"}'
        writer.write(head(len(body)) + body)
    elif name == 'announced':
        writer.write(head(1 << 60) + b'{"a": "')
    elif name == 'endless':
        writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        while not writer.is_closing():
            writer.write(b'10000\r\n' + b'x' * 65536 + b'\r\n')
            await writer.drain()
            await asyncio.sleep(0)  # the client's end must be heard
    elif name == 'headers':
        for start in range(0, 1_000_000, 1000):
            lines = b''.join(b'X-%d: %d\r\n' % (at, at) for at in range(start, start + 1000))
            writer.write((b'HTTP/1.1 200 OK\r\n' if start == 0 else b'') + lines)
            await writer.drain()
        writer.write(b'Content-Length: 2\r\n\r\n{}')
    elif name == 'long-header':
        writer.write(head(2, more=b'X-Long: ' + b'x' * 20_000_000 + b'\r\n') + b'{}')
    elif name in ('deep', 'deep-refusal'):
        body = b'[' * (number * 500_000) + b']' * (number * 500_000)
        if name == 'deep-refusal':
            body = b'{"message": %s, "details": %s}' % (body, body)
        writer.write(head(len(body), '404 Not Found' if name == 'deep-refusal' else '200 OK') + body)
    elif name == 'members':
        members = b','.join(b'"%d":0' % at for at in range(number * 1_000_000))
        # For an operation whose result is `data`, and one whose result is all of it.
        body = b'{"data": {"auth_id": "a", "acl": ["#"], "token": "t", %s}}' % members
        writer.write(head(len(body)) + body)
    elif name == 'items':
        items = b','.join(b'"%d"' % at for at in range(number * 1000))
        body = b'{"items": [%s], "total": 1, "filtered": 1}' % items
        writer.write(head(len(body)) + body)
    else:
        writer.write(head(len(GOOD)) + GOOD)
    await writer.drain()


async def serve(reader, writer):
    try:
        while True:
            request = await reader.readuntil(b'\r\n\r\n')
            path = request.split(b' ')[1].decode().partition('?')[0]
            last = path.rsplit('/', 1)[1]
            await answer('items.500' if last == 'users' else last, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, 'big') + bytes([kind, flags]) + stream.to_bytes(4, 'big') + payload


def literal(name, value, indexed=False):
    return (b'\x40' if indexed else b'\x00') + bytes([len(name)]) + name + length(len(value)) + value


def length(number):
    """A length of HPACK's, seven bits of the first byte."""
    if number < 127:
        return bytes([number])
    number -= 127
    encoded = b'\x7f'
    while number >= 128:
        encoded += bytes([number % 128 + 128])
        number //= 128
    return encoded + bytes([number])


HEADERS, SETTINGS, CONTINUATION, DATA = 1, 4, 9, 0
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def http2(how):
    seen = 0

    async def serve_http2(reader, writer):
        nonlocal seen
        seen += 1
        is_bad = seen == 1
        try:
            await reader.readexactly(24)
            writer.write(frame(SETTINGS, 0, 0, b''))
            while True:
                start = await reader.readexactly(9)
                kind, flags, stream = start[3], start[4], int.from_bytes(start[5:], 'big')
                await reader.readexactly(int.from_bytes(start[:3], 'big'))
                if kind == SETTINGS and not flags & ACK:
                    writer.write(frame(SETTINGS, ACK, 0, b''))
                if kind != HEADERS:
                    continue
                if not is_bad:
                    writer.write(frame(HEADERS, END_HEADERS, stream, b'\x88'))
                    writer.write(frame(DATA, END_STREAM, stream, GOOD))
                elif how == 'continuation':
                    writer.write(frame(HEADERS, 0, stream, b'\x88'))
                    while not writer.is_closing():
                        writer.write(frame(CONTINUATION, 0, stream, literal(b'x-more', b'y' * 100) * 100))
                        await writer.drain()
                        await asyncio.sleep(0)
                else:
                    writer.write(frame(HEADERS, 0, stream, b'\x88' + literal(b'x-large', b'y' * 3900, indexed=True)))
                    # One byte each for another copy of that header.
                    for _ in range(10):
                        writer.write(frame(CONTINUATION, 0, stream, b'\xbe' * 10_000))
                        await writer.drain()
                    writer.write(frame(CONTINUATION, END_HEADERS, stream, b'\xbe'))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return serve_http2


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # peers that hang up are part of the tests
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    over_http2 = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    over_http2.load_cert_chain(CERTIFICATE)
    over_http2.set_alpn_protocols(['h2'])
    ports = {}
    for name, handler, tls in [
        ('GIANT_HTTP', serve, None),
        ('GIANT_HTTPS', serve, context),
        ('H2_CONTINUATION', http2('continuation'), over_http2),
        ('H2_INDEXED', http2('indexed'), over_http2),
    ]:
        server = await asyncio.start_server(handler, '127.0.0.1', 0, ssl=tls, limit=1 << 20)
        kept.append(server)
        ports[name] = str(server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == '__main__':
    asyncio.run(main())
