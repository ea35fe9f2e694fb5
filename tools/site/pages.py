"""The pages of the site: where each comes from, and how links and names in it lead to where they are on the site.

The Markdown files are written for a reader of the repository: links lead to files. Here they become pages of one folder:
docs/NAME.md is NAME.md, bindings/C/README.md is bindings/C.md, and a source file that a page links to becomes a page that
shows it.
"""
import os
import posixpath
import re

FENCE = re.compile(r'^( *)(```+|~~~+)(.*)$')
LINK = re.compile(r'(\]\()([^)\s]+)(\))')
NAME = re.compile(r'(?<!\[)`(wazo_auth_\w+)(?:\([^`]*\))?`')
AT_THE_ROOT = {'CONTRIBUTING.md': 'contributing.md', 'CHANGELOG.md': 'changelog.md', 'SECURITY.md': 'security.md'}
LANGUAGES = {'.c': 'c', '.h': 'c', '.hpp': 'cpp', '.cpp': 'cpp', '.py': 'python', '.rs': 'rust', '.toml': 'toml', '.lua': 'lua'}


def page_of(source):
    """The page that a file of the repository becomes; None for what becomes none."""
    if source == 'README.md':
        return 'index.md'
    if source in AT_THE_ROOT:
        return AT_THE_ROOT[source]
    if source.startswith('docs/') and source.endswith('.md'):
        return source.removeprefix('docs/')
    if source.startswith('bindings/') and source.endswith('/README.md'):
        return source.removesuffix('/README.md') + '.md'
    return None


class Pages:
    """Writes the pages into a folder."""

    def __init__(self, root, folder, functions):
        self.root, self.folder, self.functions = root, folder, functions
        self.shown = set()  # source files that pages link to

    def write(self):
        """Every page; gives their names."""
        sources = [*self.root.glob('docs/*.md'), *self.root.glob('bindings/**/README.md')]
        sources += [self.root / name for name in AT_THE_ROOT]
        written = []
        for source in sorted(source for source in sources if source.exists()):
            name = source.relative_to(self.root).as_posix()
            written.append(self.put(page_of(name), self.translated(name, source.read_text(encoding='utf-8'))))
        pictures = [*self.root.glob('docs/**/*.svg'), *self.root.glob('docs/**/*.png')]
        for picture in pictures:
            self.copy(picture, picture.relative_to(self.root / 'docs').as_posix())
        for name in sorted(self.shown):
            written.append(self.put(f'source/{name}.md', self.source_page(name)))
        return written

    def put(self, page, text):
        """Writes one page."""
        path = self.folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        return page

    def copy(self, path, name):
        """Puts a file as it is."""
        to = self.folder / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())

    def source_page(self, name):
        """A page that shows a source file, or what is in a folder."""
        if (self.root / name).is_dir():
            files = sorted(path.name + '/' * path.is_dir() for path in (self.root / name).iterdir())
            return f'# {name}\n\n' + ''.join(f'- `{file}`\n' for file in files)
        text = (self.root / name).read_text(encoding='utf-8')
        # Longer than any fence in it.
        fence = '`' * max(3, 1 + max((len(ticks) for ticks in re.findall('`+', text)), default=0))
        language = LANGUAGES.get(os.path.splitext(name)[1], 'text')
        # Not part of the search: its words are those of the guides.
        head = '---\nsearch:\n  exclude: true\n---\n\n'
        return f'{head}# {posixpath.basename(name)}\n\n`{name}`\n\n{fence}{language}\n{text}\n{fence}\n'

    def translated(self, source, text):
        """A file's text with its links as they are on the site, and with the C functions leading to their descriptions."""
        page, inside, lines = page_of(source), None, []
        for line in text.splitlines():
            fence = FENCE.match(line)
            if fence and inside is None:
                inside = fence[2]
                # `c program` tells the tests what to do with a block.
                words = fence[3].split()
                line = f'{fence[1]}{fence[2]}{words[0] if words else ""}'
            elif fence and fence[2].startswith(inside) and not fence[3].strip():
                inside = None
            elif inside is None:
                line = LINK.sub(lambda found: found[1] + self.target(source, page, found[2]) + found[3], line)
                # Neither a heading nor an indented program.
                if not line.startswith(('#', '    ')):
                    line = NAME.sub(lambda found: self.function(page, found), line)
            lines.append(line)
        return '\n'.join(lines) + '\n'

    def function(self, page, found):
        """The name of a C function as a link."""
        place = self.functions.get(found[1])
        if not place:
            return found[0]
        up = posixpath.relpath('api', posixpath.dirname(page) or '.')
        return f'<a class="api" href="{up}/{place}"><code>{found[0].strip("`").replace("<", "&lt;")}</code></a>'

    def target(self, source, page, target):
        """Where a link of this file leads on the site."""
        if re.match(r'[a-z]+:|#', target):
            return target
        path, sign, anchor = target.partition('#')
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if path.startswith('..'):
            raise SystemExit(f'docs: {source} links to {target}, which is outside of the repository')
        there = self.root / path
        if (there / 'README.md').exists():
            path, there = f'{path}/README.md', there / 'README.md'
        if not there.exists():
            raise SystemExit(f'docs: {source} links to {target}, which does not exist')
        to = page_of(path)
        if to is None and there.suffix in ('.svg', '.png'):
            to = path.removeprefix('docs/')
        if to is None:
            self.shown.add(path)
            to = f'source/{path}.md'
        return posixpath.relpath(to, posixpath.dirname(page) or '.') + sign + anchor
