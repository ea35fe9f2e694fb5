#!/usr/bin/env python3
"""Draws docs/pictures/overview.svg: the host process, the library in it, and wazo-auth.

    python3 docs/pictures/overview.py            writes the picture
    python3 docs/pictures/overview.py --check    fails if the picture is not the one that this draws
"""
import sys
from pathlib import Path

PICTURE = Path(__file__).with_suffix('.svg')
WIDTH, HEIGHT = 880, 330

STYLE = """
    text { font: 14px system-ui, 'DejaVu Sans', sans-serif; fill: #1f2933; }
    .title { font-weight: 600; }
    .small { font-size: 12px; fill: #52606d; }
    .box { fill: #ffffff; stroke: #7b8794; stroke-width: 1.5; }
    .host { fill: #f5f7fa; stroke: #7b8794; stroke-width: 1.5; stroke-dasharray: 6 4; }
    .library { fill: #e3f2fd; stroke: #1976d2; stroke-width: 2; }
    .server { fill: #e8f5e9; stroke: #388e3c; stroke-width: 2; }
    .call { stroke: #1976d2; stroke-width: 2; fill: none; marker-end: url(#head); }
    .answer { stroke: #7b8794; stroke-width: 1.5; fill: none; stroke-dasharray: 4 3; marker-end: url(#grey); }
"""

HEADS = """
  <defs>
    <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0 0 8 4 0 8z" fill="#1976d2"/>
    </marker>
    <marker id="grey" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0 0 8 4 0 8z" fill="#7b8794"/>
    </marker>
  </defs>
"""


def box(kind, x, y, width, height, *lines):
    """A rectangle with its title and its small lines below."""
    parts = [f'  <rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>']
    for number, line in enumerate(lines):
        style = 'title' if number == 0 else 'small'
        parts.append(f'  <text class="{style}" x="{x + 14}" y="{y + 24 + 19 * number}">{line}</text>')
    return parts


def arrow(kind, x1, y1, x2, y2, label='', lift=7):
    """An arrow with its label in the middle, above the line."""
    parts = [f'  <path class="{kind}" d="M{x1} {y1} {x2} {y2}"/>']
    if label:
        x, y = (x1 + x2) / 2 - 7, (y1 + y2) / 2 - lift
        parts.append(f'  <text class="small" x="{x:g}" y="{y:g}" text-anchor="middle">{label}</text>')
    return parts


def picture():
    """The whole picture as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="title description">',
        '  <title id="title">wazo-auth-client in a host process</title>',
        '  <desc id="description">A blocking call runs on the thread that makes it. A queue has one thread of the library and '
        'a file descriptor for the event loop of the host. Both use HTTPS and JSON to wazo-auth.</desc>',
        f'  <style>{STYLE}  </style>{HEADS.rstrip()}',
        f'  <rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    parts += box('host', 15, 15, 640, 300, 'Host process: Asterisk, Kamailio, a softphone, a Python daemon')
    parts += box('box', 30, 75, 170, 76, 'Thread', 'one SIP call, one worker', 'waits for its answer')
    parts += box('box', 30, 205, 170, 76, 'Event loop', 'epoll, libevent, libuv, Qt', 'never waits')
    parts += box('library', 385, 60, 255, 240, 'libwazo_auth_client')
    parts += box('box', 400, 96, 226, 55, 'Blocking call', 'on the thread of the caller')
    parts += box('box', 400, 205, 226, 76, 'Queue', 'one thread for the whole process', 'file descriptor: a result is ready')
    parts += box('server', 745, 130, 120, 96, 'wazo-auth', 'tokens, users,', 'policies, tenants')
    parts += arrow('call', 200, 112, 398, 112, 'wazo_auth_token_check()')
    parts += arrow('answer', 398, 136, 203, 136, 'true or false', -14)
    parts += arrow('call', 200, 229, 398, 229, 'wazo_auth_queue_submit()')
    parts += arrow('answer', 398, 258, 203, 258, 'wazo_auth_queue_next()', -14)
    parts += arrow('call', 626, 124, 742, 165)
    parts += arrow('call', 626, 243, 742, 195)
    parts.append('  <text class="small" x="805" y="116" text-anchor="middle">HTTPS, JSON</text>')
    return '\n'.join([*parts, '</svg>', ''])


def main():
    if sys.argv[1:] == ['--check']:
        if PICTURE.read_text(encoding='utf-8') != picture():
            sys.exit(f'{PICTURE.name} is not what overview.py draws: run it')
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        PICTURE.write_text(picture(), encoding='utf-8')
        print(PICTURE)


if __name__ == '__main__':
    main()
