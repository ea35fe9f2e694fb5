"""The documentation site, built by `make docs` and opened in a browser as a reader opens it: from the disk, without a server.

    python tests/install/way_site.py [--pictures FOLDER]

Chromium is asked, without a window, what it shows of the pages, what their search finds, and what it asked of other hosts. The
pictures of the pages, light and dark, are written into build/site/pictures, to be looked at. A minute or two.
"""
import argparse
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
from report import Report  # noqa: E402

ABOUT = 'the documentation site, in a browser'
SITE = ROOT / 'build' / 'docs'
PAGES = ('index.html', 'start-c.html', 'admission.html', 'operations.html', 'python-api.html', 'c-functions.html',
         'api/index.html', 'api/group__wazo__auth__verifiers.html', 'api/modules.html')
CHROMIUM = 'chromium is missing; to install it, as root: tools/docs.sh --browser'
# A quiet browser: no window, no sound, nothing of its own over the network.
FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update', '--hide-scrollbars',
         '--host-resolver-rules=MAP * ~NOTFOUND')
DARK, LIGHT = '--blink-settings=preferredColorScheme=0', '--blink-settings=preferredColorScheme=1'


class Browser:
    """Chromium, with a profile of its own for each page."""

    def __init__(self, program):
        self.program = program
        self.asked = set()  # what pages asked of other hosts

    def run(self, url, *flags):
        """Opens a page; gives what is written to standard output."""
        with tempfile.TemporaryDirectory() as profile:
            log = Path(profile) / 'net.json'
            command = [self.program, *FLAGS, f'--user-data-dir={profile}/user', f'--log-net-log={log}', *flags, url]
            # Its cache below the profile as well.
            environment = {**os.environ, 'XDG_CONFIG_HOME': profile, 'XDG_CACHE_HOME': profile}
            done = subprocess.run(command, capture_output=True, text=True, errors='replace', timeout=180, env=environment)
            if done.returncode:
                raise RuntimeError(f'{" ".join(command)}: exit status {done.returncode}\n{done.stderr[-2000:]}')
            if not log.exists():
                raise RuntimeError(f'{" ".join(command)}: it wrote no log of its network\n{done.stderr[-2000:]}')
            for line in log.read_text(errors='replace').splitlines():
                asked = re.search(r'"initiator":"([^"]+)".*"url":"((?:https?|wss?):[^"]+)"', line)
                # What Chromium asks for itself has no page as its origin; it is kept from the network by FLAGS.
                if asked and asked[1] != 'not an origin':
                    self.asked.add(asked[2])
        return done.stdout

    def text(self, page, question=''):
        """The page as it is when its scripts have run."""
        address = (SITE / page).as_uri() + question
        return self.run(address, '--virtual-time-budget=20000', '--dump-dom')

    def picture(self, page, path, scheme, question=''):
        """A picture of it."""
        self.run((SITE / page).as_uri() + question, scheme, '--window-size=1400,1000', '--virtual-time-budget=8000',
                 f'--screenshot={path}')


def results_of(dom):
    """What the search of the guides shows: the addresses that it leads to."""
    found = dom.partition('class="md-search-result__list"')[2].partition('</ol>')[0]
    return re.findall(r'href="([^"]+)"', found)


def built(report, _tools):
    """Whether `make docs` makes a site."""
    done = subprocess.run(['make', '--no-print-directory', 'docs'], cwd=ROOT, capture_output=True, text=True)
    return report.promise(done.returncode == 0 and (SITE / 'index.html').exists(),
                          'make docs builds the site, without a warning and without a link that leads nowhere',
                          done.stdout[-3000:] + done.stderr[-3000:])


def functions():
    """The functions of the C header."""
    headers = [ROOT / 'include' / 'wazo_auth_client.h', ROOT / 'include' / 'wazo_auth_client' / 'operations.h']
    text = ''.join(re.sub(r'/\*.*?\*/', '', header.read_text(encoding='utf-8'), flags=re.DOTALL) for header in headers)
    text = re.sub(r'^#.*$', '', text, flags=re.MULTILINE)
    return sorted(set(re.findall(r'\b(wazo_auth_\w+)\(', text)))


def finds(report, browser):
    """What the two searches find."""
    names = functions()
    for name in ('wazo_auth_token_check', 'wazo_auth_verifier_decide'):
        results = results_of(browser.text('index.html', f'?q={name}'))
        report.promise(any('c-functions.html' in result for result in results),
                       f'the search of the guides, opened from the disk, finds {name}', f'it found {results[:10]}')
    results = results_of(browser.text('index.html', '?q=kamailio'))
    report.promise(any('kamailio.html' in result for result in results), 'the search finds the page on Kamailio',
                   f'it found {results[:10]}')
    data = ''.join(path.read_text(encoding='utf-8') for path in (SITE / 'api' / 'search').glob('*.js'))
    missing = [name for name in names if f"'{name}'" not in data]
    report.promise(len(names) > 150 and not missing,
                   f'the search of the reference knows each of the {len(names)} C functions', f'not {missing[:10]}')
    listed = (SITE / 'c-functions.html').read_text(encoding='utf-8')
    missing = [name for name in names if f'<code>{name}</code>' not in listed]
    report.promise(not missing, 'the list of C functions has each of them', f'not {missing[:10]}')


def shows(report, browser, folder):
    """What the pages show, light and dark."""
    contract = browser.text('api/index.html')
    report.promise('The contract' in contract and 'wazo_auth_error_free' in contract and 'Ownership' in contract,
                   'the first page of the reference is the contract of the C interface', contract[:500])
    folder.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        name = page.replace('/', '-').removesuffix('.html')
        light, dark = folder / f'{name}-light.png', folder / f'{name}-dark.png'
        browser.picture(page, light, LIGHT)
        browser.picture(page, dark, DARK)
        report.promise(brightness(light) > 160 > 100 > brightness(dark), f'{page} is light or dark as the reader\'s system is',
                       f'brightness of the pictures: {brightness(light):.0f} and {brightness(dark):.0f} of 255')
    browser.picture('index.html', folder / 'search.png', LIGHT, '?q=wazo_auth_token_check')
    report.note(f'pictures: {os.path.relpath(folder, ROOT)}')


@functools.cache
def brightness(path):
    """The mean of a picture's bytes, which Chromium itself cannot tell: 8 bits a channel, unpacked as PNG says."""
    data, position, packed, width, channels = path.read_bytes(), 8, b'', 0, 3
    while position < len(data):
        length, kind = int.from_bytes(data[position:position + 4], 'big'), data[position + 4:position + 8]
        content = data[position + 8:position + 8 + length]
        if kind == b'IHDR':
            width, channels = int.from_bytes(content[:4], 'big'), {2: 3, 6: 4}[content[9]]
        elif kind == b'IDAT':
            packed += content
        position += length + 12
    return mean_of(zlib.decompress(packed), width * channels, channels)


def mean_of(raw, row, channels):
    """The mean of the rows of a PNG, whose filters (sub, up, average, Paeth) say how each byte is counted."""
    before, total, count = bytearray(row), 0, 0
    for start in range(0, len(raw), row + 1):
        kind, line = raw[start], bytearray(raw[start + 1:start + 1 + row])
        if kind == 1:
            for at in range(channels, row):
                line[at] = (line[at] + line[at - channels]) & 255
        elif kind == 2:
            line = bytearray((a + b) & 255 for a, b in zip(line, before))
        elif kind in (3, 4):
            for at in range(row):
                left = line[at - channels] if at >= channels else 0
                corner = before[at - channels] if at >= channels else 0
                line[at] = (line[at] + ((left + before[at]) // 2 if kind == 3 else paeth(left, before[at], corner))) & 255
        before = line
        total, count = total + sum(line), count + row
    return total / count


def paeth(left, above, corner):
    """The neighbour that is nearest to left + above - corner."""
    guess = left + above - corner
    return min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))[2]


def run(report, tools=None, folder=ROOT / 'build' / 'site' / 'pictures'):
    """The way, as tests/install/run.py calls it."""
    if not built(report, tools):
        return
    subprocess.run([ROOT / 'tools' / 'docs.sh', '--browser'], stdout=subprocess.DEVNULL)
    program = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
    if not program:
        report.skip('the search of the site finds every function; its pages are light and dark', CHROMIUM)
        return
    browser = Browser(program)
    finds(report, browser)
    shows(report, browser, folder)
    report.promise(not browser.asked, 'no page asks anything of another host', '\n'.join(sorted(browser.asked)[:10]))
    report.promise(notices(browser), 'a page that does ask something of another host would have been noticed')


def notices(browser):
    """Whether what a page asks of another host is seen, so that the promise before can fail."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / 'page.html'
        page.write_text('<script src="https://host.invalid/script.js"></script>', encoding='utf-8')
        browser.run(page.as_uri(), '--virtual-time-budget=3000', '--dump-dom')
    return 'https://host.invalid/script.js' in browser.asked


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n\n')[0])
    parser.add_argument('--pictures', type=Path, default=ROOT / 'build' / 'site' / 'pictures', help='where pictures go')
    report = Report()
    run(report, folder=parser.parse_args().pictures.resolve())
    sys.exit(report.end())


if __name__ == '__main__':
    main()
