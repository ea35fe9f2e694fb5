"""Follows every link of the built site: to a file, to an anchor in it, and to other hosts.

    tools/site/check.py [FOLDER]      build/docs by default

A page may link to another host, but loads nothing from there: no script, style, font or picture.
"""
import functools
import posixpath
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser follows by itself.
LOADS = {('script', 'src'), ('img', 'src'), ('iframe', 'src'), ('source', 'src'), ('video', 'src'), ('link', 'href')}
# Links of <link> that nothing is loaded for.
QUIET = {'canonical', 'next', 'prev', 'search', 'author', 'license'}


class Links(HTMLParser):
    """Collects where a page leads, and the anchors that it has."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], {''}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in ('id', 'name'):
            if given.get(name):
                self.anchors.add(given[name])
        for name in ('href', 'src'):
            if given.get(name) is not None:
                loads = (tag, name) in LOADS and given.get('rel') not in QUIET
                self.links.append((given[name], loads))


@functools.cache
def links_of(path):
    return Links(path.read_text(encoding='utf-8', errors='replace'))


def problems(site):
    """What is wrong with the links of a site, one line each."""
    found = []
    for page in sorted(site.rglob('*.html')):
        name = page.relative_to(site).as_posix()
        # What rustdoc writes is its own; it names other crates that are not here.
        if name.startswith('rust/') or name == '404.html':
            continue
        for target, loads in links_of(page).links:
            found += wrong(site, page, name, target, loads)
    for style in sorted([*site.glob('assets/**/*.css'), *site.glob('api/*.css')]):
        for target in re.findall(r'url\(["\']?((?:https?:)?//[^"\')]+)', style.read_text(encoding='utf-8', errors='replace')):
            found.append(f'{style.relative_to(site)} loads {target} from another host')
    return found


def wrong(site, page, name, target, loads):
    """What is wrong with one link."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        is_remote = parts.scheme not in ('data', 'mailto', 'javascript')
        return [f'{name} loads {target} from another host'] if loads and is_remote else []
    path = unquote(parts.path)
    there = page if not path else site / posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    if not there.is_file():
        return [f'{name} links to {target}, which does not exist']
    anchor = unquote(parts.fragment)
    if there.suffix != '.html' or not anchor:
        return []
    if anchor not in links_of(there).anchors:
        return [f'{name} links to {target}: the page has no anchor #{anchor}']
    return []


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (['--help'], ['-h']):
        sys.exit(__doc__)
    site = Path(sys.argv[1] if len(sys.argv) == 2 else 'build/docs')
    if not (site / 'index.html').exists():
        sys.exit(f'check: expected a site in {site}, but it has no index.html: make docs')
    found = problems(site)
    print('\n'.join(found) or f'check: every link of {site} leads somewhere')
    sys.exit(1 if found else 0)


if __name__ == '__main__':
    main()
