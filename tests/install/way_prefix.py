"""`make install`: into a prefix, with pkg-config, shared and static; then `make uninstall`."""
import re
import subprocess
import sys
from pathlib import Path

from run import QUICKSTART, QUICKSTART_CPP, ROOT, begin
import link
import process

ABOUT = 'make install PREFIX=..., pkg-config, shared and static'
# A host that links another Rust library statically beside ours: both bring Rust's own runtime.
OTHER = '#[unsafe(no_mangle)]\npub extern "C" fn other() -> usize { std::panic::catch_unwind(|| vec![1; 3].len()).unwrap() }\n'
BOTH = '''#include <stdio.h>
#include <wazo_auth_client.h>
size_t other(void);
int main(void) { printf("%zu %s\\n", other(), wazo_auth_version()); return 0; }
'''


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if not path.is_dir())


def install(tools, built, *words):
    """Runs tools/install.py as the Makefile does."""
    status, said = process.run([sys.executable, ROOT / 'tools' / 'install.py', '--built', built, *words])
    assert status == 0, said
    return said


def config(prefix, *words):
    """What pkg-config says of the installed library."""
    environment = {'PKG_CONFIG_PATH': str(prefix / 'lib' / 'pkgconfig')}
    status, said = process.run(['pkg-config', *words, 'wazo_auth_client'], environment)
    assert status == 0, said
    return said.split()


def compile(report, promise, *command):
    status, said = process.run(command)
    return report.promise(status == 0, promise, said)


def shared(report, tools, prefix):
    flags = config(prefix, '--cflags', '--libs')
    library = {'LD_LIBRARY_PATH': str(prefix / 'lib')}
    for source, compiler, standard in ((QUICKSTART, 'cc', 'c99'), (QUICKSTART_CPP, 'c++', 'c++17')):
        program = tools.folder / f'shared-{compiler}'
        words = [compiler, f'-std={standard}', '-Wall', '-Wextra', '-Werror', source, '-o', program, *flags, '-pthread']
        if compile(report, f'{source.name} compiles with `pkg-config --cflags --libs`', *words):
            tools.sample(report, f'{source.name} runs with the installed shared library', [program], library)
    needed = subprocess.run(['readelf', '-d', tools.folder / 'shared-cc'], stdout=subprocess.PIPE, text=True).stdout
    report.promise(f'[{link.soname()}]' in needed, f'the program asks for {link.soname()} when it starts', needed)
    versions = subprocess.run(['nm', '-D', tools.folder / 'shared-cc'], stdout=subprocess.PIPE, text=True).stdout
    wanted = re.findall(r'wazo_auth_\w+(?:@\S+)?', versions)
    report.promise(
        wanted and all(re.search(r'@WAZO_AUTH_\d+\.\d+$', name) for name in wanted),
        'each function that the program uses is recorded with its version', versions,
    )


def static(report, tools, prefix):
    archive = prefix / 'lib' / 'libwazo_auth_client.a'
    include = config(prefix, '--cflags')
    libraries = [word for word in config(prefix, '--static', '--libs') if word not in ('-lwazo_auth_client',)]
    program = tools.folder / 'static'
    words = ['cc', QUICKSTART, '-o', program, *include, archive, *libraries]
    if compile(report, 'quickstart.c compiles with the static library and `pkg-config --static --libs`', *words):
        tools.sample(report, 'quickstart.c runs with the static library', [program])
    program = tools.folder / 'all-static'
    words = ['cc', '-static', QUICKSTART, '-o', program, *include, '-L', prefix / 'lib', *config(prefix, '--static', '--libs')]
    if compile(report, 'quickstart.c compiles with `cc -static` and `pkg-config --static --libs`', *words):
        tools.sample(report, 'quickstart.c runs without any shared library', [program])
    globals_ = subprocess.run(['nm', '-g', '--defined-only', archive], stdout=subprocess.PIPE, text=True).stdout
    found = set(re.findall(r' [A-Z] (\S+)$', globals_, re.M))
    report.promise(found == set(link.exported()), 'its global names are the functions of the header', str(found ^ set(link.exported()))[:500])
    rustc = subprocess.run(
        ['rustc', '--crate-type', 'staticlib', '--print', 'native-static-libs', '-o', tools.folder / 'none.a', '-'],
        input='', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ).stdout
    told = re.search(r'native-static-libs: (.*)', rustc)
    # The C compiler adds these two by itself.
    expected = [word for word in told.group(1).split() if word not in ('-lc', '-lgcc_s')] if told else None
    report.promise(
        expected == link.STATIC_LIBRARIES, "the libraries of `Libs.private` are those of Rust's standard library", rustc
    )
    source, program = tools.folder / 'both.c', tools.folder / 'both'
    source.write_text(BOTH)
    (tools.folder / 'other.rs').write_text(OTHER)
    made, said = process.run(
        ['rustc', '--edition', '2024', '--crate-type', 'staticlib', tools.folder / 'other.rs', '-o', tools.folder / 'libother.a']
    )
    assert made == 0, said
    words = ['cc', source, '-o', program, *include, archive, tools.folder / 'libother.a', *libraries]
    if compile(report, 'a program links another static Rust library beside it', *words):
        status, said = process.run([program])
        report.promise(said == f'3 {link.version()}\n' and not status, 'and both work', said)


def pages(report, prefix):
    """The simulator's man page names every option that `--help` names."""
    page = (prefix / 'share' / 'man' / 'man1' / 'wazo-auth-simulator.1').read_text()
    _, said = process.run([prefix / 'bin' / 'wazo-auth-simulator', '--help'])
    options = set(re.findall(r'(?<![\w-])--[a-z][a-z-]+', said))
    described = set(re.findall(r'^\.(?:TP\n\.)?(?:B|BI|BR).*?(--[a-z][a-z-]+)', page, re.M))
    report.promise(options and options <= described, "the simulator's man page has every option of --help", str(options - described))
    for path in sorted((prefix / 'share' / 'man').rglob('*.[0-9]')):
        promise = f'{path.name} is a man page without a warning'
        if not report.lacks('man', promise):
            status, said = process.run(
                ['man', '--warnings', '--encoding=UTF-8', '--troff-device=utf8', '--local-file', path], {'MANWIDTH': '80'}
            )
            report.promise(status == 0 and 'warning' not in said and not re.search('@[A-Z_]+@', path.read_text()), promise, said[-800:])


def run(report, tools):
    built = tools.built()
    prefix = tools.folder / 'prefix'
    install(tools, built, '--prefix', prefix)
    shared(report, tools, prefix)
    static(report, tools, prefix)
    pages(report, prefix)

    root = tools.folder / 'root'
    install(tools, built, '--prefix', '/usr', '--libdir', '/usr/lib/x86_64-linux-gnu', '--destdir', root)
    names = files_below(root)
    text = (root / 'usr/lib/x86_64-linux-gnu/pkgconfig/wazo_auth_client.pc').read_text()
    report.promise(
        names and all(name.startswith('usr/') for name in names) and str(root) not in text,
        'DESTDIR is where files are written, and in none of them', text,
    )
    mine = root / 'usr' / 'include' / 'mine.h'
    mine.touch()
    install(tools, built, '--prefix', '/usr', '--libdir', '/usr/lib/x86_64-linux-gnu', '--destdir', root, '--uninstall')
    report.promise(
        files_below(root) == ['usr/include/mine.h'] and not (root / 'usr/share/doc/wazo-auth-client').exists(),
        'uninstall removes what install has written, and nothing else', '\n'.join(files_below(root)),
    )


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_'), {'debug': '--debug' in sys.argv}).end())
