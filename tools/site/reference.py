"""Doxygen's part of the site: build/docs/api, and what the rest of the site knows of it.

Doxygen writes its pages and, as XML, what is on them. From the XML come the site's own lists of functions and classes, so
that its search finds each of them, and the links from the guides to their descriptions.
"""
import html
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

THEME = (
    'doxygen-awesome.css', 'doxygen-awesome-sidebar-only.css', 'doxygen-awesome-sidebar-only-darkmode-toggle.css',
    'doxygen-awesome-darkmode-toggle.js', 'doxygen-awesome-fragment-copy-button.js', 'doxygen-awesome-paragraph-link.js',
)
SCRIPTS = '''<script type="text/javascript" src="$relpath^doxygen-awesome-darkmode-toggle.js"></script>
<script type="text/javascript" src="$relpath^doxygen-awesome-fragment-copy-button.js"></script>
<script type="text/javascript" src="$relpath^doxygen-awesome-paragraph-link.js"></script>
<script type="text/javascript">
DoxygenAwesomeDarkModeToggle.init(); DoxygenAwesomeFragmentCopyButton.init(); DoxygenAwesomeParagraphLink.init();
</script>
'''
LAYOUT = '''<doxygenlayout version="1.0">
  <navindex>
    <tab type="user" url="@ref/../index.html" title="Guides"/>
    <tab type="mainpage" visible="yes" title="The contract of C"/>
    <tab type="modules" visible="yes" title="C functions by topic" intro="The functions, types and constants of C."/>
    <tab type="user" url="@ref/wazo_auth_cpp.html" title="The contract of C++"/>
    <tab type="classlist" visible="yes" title="C++ classes" intro="The classes of the C++ header."/>
    <tab type="globals" visible="yes" title="Names of C, A to Z" intro=""/>
    <tab type="classmembers" visible="yes" title="Members of C++, A to Z" intro=""/>
    <tab type="files" visible="yes" title="Headers"/>
  </navindex>
</doxygenlayout>
'''.replace('@ref/', '')


def version(root):
    """The version in the C header."""
    text = (root / 'include' / 'wazo_auth_client.h').read_text(encoding='utf-8')
    return '.'.join(re.search(rf'define WAZO_AUTH_VERSION_{part} (\d+)', text)[1] for part in ('MAJOR', 'MINOR', 'PATCH'))


def render(root, work):
    """Runs Doxygen, into build/docs/api and build/site/xml. A warning is a failure."""
    theme = work / 'doxygen'
    shutil.rmtree(theme, ignore_errors=True)
    theme.mkdir(parents=True)
    import doxygen_awesome_css  # the theme's package
    from pathlib import Path

    source = Path(doxygen_awesome_css.__file__).parent
    for name in THEME:
        shutil.copy(source / name, theme / name)
    shutil.copy(root / 'tools' / 'site' / 'assets' / 'doxygen.css', theme / 'site.css')
    (theme / 'layout.xml').write_text(LAYOUT, encoding='utf-8')
    # Doxygen's own head, of the version that is here, and the theme's scripts in it.
    subprocess.run(['doxygen', '-w', 'html', 'header.html', 'footer.html', 'ignored.css'], cwd=theme, check=True,
                   stdout=subprocess.DEVNULL)
    header = (theme / 'header.html').read_text(encoding='utf-8')
    (theme / 'header.html').write_text(header.replace('</head>', SCRIPTS + '</head>'), encoding='utf-8')
    settings = (root / 'Doxyfile').read_text(encoding='utf-8') + f'\nPROJECT_NUMBER = {version(root)}\n'
    said = subprocess.run(['doxygen', '--version'], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r'\d+', said)[:3])) >= (1, 9, 5):
        settings += 'HTML_COLORSTYLE = LIGHT\n'  # the theme has its own dark mode
    done = subprocess.run(['doxygen', '-'], cwd=root, input=settings, text=True)
    if done.returncode:
        sys.exit('docs: Doxygen has warned: see above')


def text_of(element):
    """The text of an element of Doxygen's XML, as Markdown of one line."""
    if element is None:
        return ''
    parts = [element.text or '']
    for child in element:
        inner = text_of(child)
        parts += [f'`{inner}`' if child.tag == 'computeroutput' else inner, child.tail or '']
    return ' '.join(''.join(parts).split())


def place_of(identifier):
    """The page and anchor of what Doxygen's XML calls so."""
    page, _, anchor = identifier.rpartition('_1')
    return f'{page}.html#{anchor}'


class Reference:
    """What Doxygen's XML says is on its pages."""

    def __init__(self, folder):
        self.folder = folder
        self.index = ElementTree.parse(folder / 'index.xml').getroot()
        self.groups = [self.group(entry.get('refid')) for entry in self.index if entry.get('kind') == 'group']
        self.places = {member: place for group in self.groups for member, place, *_ in group[2]}

    def group(self, identifier):
        """The title, the page and the members of a group."""
        root = ElementTree.parse(self.folder / f'{identifier}.xml').getroot()[0]
        members = []
        for member in root.iter('memberdef'):
            kind, name = member.get('kind'), member.findtext('name')
            members.append((name, place_of(member.get('id')), kind, text_of(member.find('briefdescription'))))
        return root.findtext('title'), f'{identifier}.html', members

    def functions_page(self):
        """The list of all C functions, by topic."""
        lines = ['# C functions', '',
                 'Every function and type of the C interface, by topic. A name leads to its description.',
                 'The rules that hold for all of them are in [the contract](api/index.html).', '']
        # Those of the library itself, then the operations: the order of the header.
        for title, page, members in sorted(self.groups, key=lambda group: group[0].startswith('Operations')):
            shown = [member for member in members if member[2] in ('function', 'typedef', 'enum')]
            if not shown:
                continue
            lines += [f'## {title}', '', '| name | what it does |', '|---|---|']
            lines += [f'| {link("api/" + place, name)} | {cell(brief)} |' for name, place, _, brief in shown]
            lines.append('')
        return without_markdown_links('\n'.join(lines))

    def classes_page(self):
        """The list of the C++ classes and their members."""
        lines = ['# C++ classes', '', 'The classes of `wazo_auth_client.hpp`, with their public functions. A name leads to',
                 'its description. What holds for all of them is in'
                 ' [the contract of C++](api/wazo_auth_cpp.html).', '']
        # Those that carry operations come last; the page on operations has more on them.
        for entry in sorted(self.index, key=lambda entry: (entry.findtext('name') or '').endswith('Operations')):
            if entry.get('kind') not in ('class', 'struct') or not entry.findtext('name').startswith('wazo::auth::'):
                continue
            root = ElementTree.parse(self.folder / f'{entry.get("refid")}.xml').getroot()[0]
            if root.get('prot', 'public') != 'public':
                continue
            name = root.findtext('compoundname').removeprefix('wazo::auth::')
            brief = text_of(root.find('briefdescription')) or 'see its page.'
            lines += [f'## {name}', '', f'{link("api/" + entry.get("refid") + ".html", name)}: {brief}', '']
            members = {}
            for member in root.iter('memberdef'):
                brief = text_of(member.find('briefdescription'))
                if member.get('prot') == 'public' and member.get('kind') == 'function' and brief:
                    members.setdefault(member.findtext('name'), (place_of(member.get('id')), brief))
            if members:
                lines += ['| function | what it does |', '|---|---|']
                lines += [f'| {link("api/" + place, member)} | {cell(brief)} |' for member, (place, brief) in members.items()]
                lines.append('')
        return without_markdown_links('\n'.join(lines))


def link(target, name):
    return f'<a class="api" href="{target}"><code>{html.escape(name)}</code></a>'


def cell(text):
    return text.replace('|', '\\|')


def without_markdown_links(text):
    """Links to Doxygen's pages as HTML: MkDocs knows only its own pages, and tools/site/check.py looks at all."""
    return re.sub(r'\[([^\]]+)\]\((api/[^)]+)\)', r'<a href="\2">\1</a>', text)


def link_back(folder, pages):
    """Has Doxygen's pages lead to the guides that they name, such as docs/options.md. A link to a class's list of classes
    where all of these are private, and so there is no list, goes."""
    def linked(found):
        name = found[1]
        return f'<a href="../{name}.html">{found[0]}</a>' if f'{name}.md' in pages else found[0]

    for path in folder.glob('*.html'):
        text = path.read_text(encoding='utf-8')
        new = re.sub(r'\bdocs/([a-z-]+)\.md\b(?![^<]*>)', linked, text)
        if 'name="nested-classes"' not in new:
            new = re.sub(r'<a href="#nested-classes">Classes</a> &#124;\s*', '', new)
        if new != text:
            path.write_text(new, encoding='utf-8')
