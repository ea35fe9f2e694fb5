"""Inputs for fuzzing from what is recorded of real servers and clients: tests/data, and the vectors of access lists."""
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def read(path):
    return [json.loads(line) for line in (ROOT / path).read_text(encoding='utf-8').splitlines()]


def exchanges():
    return read('tests/data/exchanges.jsonl')


def error_bodies():
    for number, exchange in enumerate(exchanges()):
        headers = ''.join(f'{name}: {value}\n' for name, value in exchange['response_headers'].items())
        head = bytes([number % 91]) + exchange['status'].to_bytes(2, 'big')
        yield head + f'{headers}\n{exchange["response_body"] or ""}'.encode()


def server_bytes():
    for number, exchange in enumerate(exchanges()):
        body = (exchange['response_body'] or '').encode()
        headers = ''.join(f'{name}: {value}\r\n' for name, value in exchange['response_headers'].items())
        yield bytes([number % 6, 255]) + f'HTTP/1.1 {exchange["status"]} X\r\n{headers}\r\n'.encode() + body


def json_texts():
    for exchange in exchanges():
        yield f'/data\n{exchange["response_body"] or ""}'.encode()
        yield f'uuid\n{exchange["request_body"] or ""}'.encode()


def arguments():
    for number, call in enumerate(read('tests/data/golden_calls.jsonl')):
        named = call['call'].get('kwargs', {})
        name = f'{call["call"]["resource"]}.{call["call"]["method"]}'
        yield bytes([255, number % 2]) + f'{name}\0{json.dumps(named)}'.encode()


def access_lists():
    for vector in read('simulator/data/acl_vectors.jsonl')[:400]:
        parts = [vector['auth_id'], vector['session_uuid'], vector['access'], *vector['acl']]
        yield '\0'.join(part or '' for part in parts).encode()


def tokens():
    for exchange in exchanges():
        try:
            data = json.loads(exchange['response_body'])['data']
        except (TypeError, KeyError, ValueError):
            continue
        yield b'\x6a' + json.dumps(data).encode()


MADE = {
    'access_lists': access_lists,
    'arguments': arguments,
    'error_bodies': error_bodies,
    'json': json_texts,
    'server_bytes': server_bytes,
    'tokens': tokens,
}


def inputs(target):
    """The inputs for a target; none for one that nothing recorded is like."""
    return [data for data in MADE.get(target, lambda: ())() if len(data) <= 4096]
