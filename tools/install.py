#!/usr/bin/env python3
"""`make install` and `make uninstall`: what a C library brings to a system, into a prefix.

    tools/install.py [--prefix /usr/local] [--destdir FOLDER] [--uninstall] [COMPONENT ...]

Components, all of them unless some are named:

    library        LIBDIR/libwazo_auth_client.so.X.Y.Z and the SONAME
    development    libwazo_auth_client.so and .a, the headers, pkg-config and CMake files, the man page of the library
    simulator      BINDIR/wazo-auth-simulator and its man page
    documentation  DOCDIR: README, CHANGELOG, licences, the samples

It installs the release build, which it has cargo bring up to date; without cargo (sudo often has none), what lies there
from `make build`. --built names a folder with another build, such as target/debug. Files are written below DESTDIR, which
is not part of any path that is written into them.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import artifacts  # noqa: E402
import link  # noqa: E402

PACKAGING = ROOT / 'packaging'
COMPONENTS = ('library', 'development', 'simulator', 'documentation')
SIMULATOR = 'wazo-auth-simulator'
URL = link.manifest_value('repository')


def built_folder(given):
    """The folder of cargo's results that is installed."""
    if given:
        return given.resolve()
    if shutil.which(os.environ.get('CARGO', 'cargo')):
        os.environ['RELEASE'] = '1'
        artifacts.build('library')
        return artifacts.build('simulator').parent
    folder = Path(os.environ.get('CARGO_TARGET_DIR', ROOT / 'target')) / 'release'
    if not (folder / 'installed' / link.file_name()).exists():
        sys.exit('install: nothing is built, and cargo is not here: run `make build` first, as the user that has cargo')
    return folder


def filled(template, values):
    """The text of a template."""
    text = template.read_text(encoding='utf-8')
    for name, value in values.items():
        text = text.replace(f'@{name}@', value)
    return text


class Installation:
    """The files of one installation, in order: what each is made of, and its mode."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.files = []

    def add(self, path, source=None, text=None, mode=0o644, target=None):
        """A file: a copy, a text, or a symbolic link to `target`."""
        self.files.append((Path(path), source, text, mode, target))

    def library(self, built):
        libdir = self.chosen.libdir
        self.add(libdir / link.file_name(), built / 'installed' / link.file_name())
        self.add(libdir / link.soname(), target=link.file_name())

    def development(self, built):
        chosen, libdir = self.chosen, self.chosen.libdir
        self.add(libdir / link.NAME, target=link.soname())
        self.add(libdir / 'libwazo_auth_client.a', built / 'installed' / 'libwazo_auth_client.a')
        for header in sorted((ROOT / 'include').rglob('*.h*')):
            # The head of the header that is generated.
            if header.name != 'preamble.h':
                self.add(chosen.includedir / header.relative_to(ROOT / 'include'), header)

        def below_prefix(path):
            return f'${{prefix}}/{path.relative_to(chosen.prefix)}' if path.is_relative_to(chosen.prefix) else str(path)

        values = {
            'PREFIX': str(chosen.prefix),
            'LIBDIR': below_prefix(libdir),
            'INCLUDEDIR': below_prefix(chosen.includedir),
            'VERSION': link.version(),
            'MAJOR': link.version().split('.')[0],
            'URL': URL,
            'STATIC_LIBRARIES': ' '.join(link.STATIC_LIBRARIES),
            'CMAKE_STATIC_LIBRARIES': ';'.join(name.removeprefix('-l') for name in link.STATIC_LIBRARIES),
            'FILE_NAME': link.file_name(),
            'SONAME': link.soname(),
            'LIBDIR_TO_INCLUDEDIR': os.path.relpath(chosen.includedir, libdir),
            'POINTER_BYTES': '8' if sys.maxsize > 2**32 else '4',
        }
        self.add(libdir / 'pkgconfig' / 'wazo_auth_client.pc', text=filled(PACKAGING / 'wazo_auth_client.pc.in', values))
        for template in sorted((PACKAGING / 'cmake').glob('*.in')):
            self.add(libdir / 'cmake' / 'wazo_auth_client' / template.stem, text=filled(template, values))
        self.add(
            chosen.mandir / 'man3' / 'wazo_auth_client.3',
            text=filled(PACKAGING / 'man' / 'wazo_auth_client.3.in', values),
        )

    def simulator(self, built):
        self.add(self.chosen.bindir / SIMULATOR, built / SIMULATOR, mode=0o755)
        page = filled(PACKAGING / 'man' / f'{SIMULATOR}.1.in', {'VERSION': link.version()})
        self.add(self.chosen.mandir / 'man1' / f'{SIMULATOR}.1', text=page)

    def documentation(self, _):
        docdir = self.chosen.docdir
        for name in ('README.md', 'CHANGELOG.md', 'LICENSE-MIT', 'LICENSE-APACHE'):
            self.add(docdir / name, ROOT / name)
        for sample in sorted([*(ROOT / 'bindings' / 'c').glob('*.[ch]'), *(ROOT / 'bindings' / 'cpp').glob('*.cpp')]):
            self.add(docdir / 'examples' / sample.name, sample)

    def place(self, path):
        """Where a path is while it is installed: below DESTDIR."""
        return Path(f'{self.chosen.destdir}{path}') if self.chosen.destdir else path

    def install(self):
        for path, source, text, mode, target in self.files:
            place = self.place(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            # A program that uses the old file keeps it: never written over.
            new = place.with_name(f'.{place.name}.new')
            new.unlink(missing_ok=True)
            if target:
                new.symlink_to(target)
            else:
                if text is None:
                    shutil.copyfile(source, new)
                else:
                    new.write_text(text, encoding='utf-8')
                new.chmod(mode)
            os.replace(new, place)
            print(f'install: {place}')

    def uninstall(self):
        for path, *_ in self.files:
            place = self.place(path)
            if place.is_symlink() or place.exists():
                place.unlink()
                print(f'uninstall: {place}')
        # Folders of our own, from the innermost.
        own = {'examples', 'wazo_auth_client', 'wazo-auth-client', self.chosen.docdir.name}
        for folder in sorted({self.place(path).parent for path, *_ in self.files}, key=lambda f: -len(f.parts)):
            if folder.name in own and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def folder(text):
    """A folder that is named from the root: it is written into files."""
    path = Path(text)
    if not path.is_absolute():
        raise argparse.ArgumentTypeError(f'{text} is not an absolute path')
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--prefix', type=folder, default=Path('/usr/local'))
    for name, below in (('libdir', 'lib'), ('includedir', 'include'), ('bindir', 'bin'), ('mandir', 'share/man'),
                        ('docdir', 'share/doc/wazo-auth-client')):
        parser.add_argument(f'--{name}', type=folder, help=f'PREFIX/{below}')
        parser.set_defaults(**{f'below_{name}': below})
    parser.add_argument('--destdir', default='', help='a folder that stands for the root of the file system')
    parser.add_argument('--built', type=Path, help="a folder of cargo's results, such as target/debug")
    parser.add_argument('--uninstall', action='store_true', help='remove what was installed')
    parser.add_argument('components', nargs='*', metavar='COMPONENT', help=', '.join(COMPONENTS))
    chosen = parser.parse_args()
    for name in ('libdir', 'includedir', 'bindir', 'mandir', 'docdir'):
        if getattr(chosen, name) is None:
            setattr(chosen, name, chosen.prefix / getattr(chosen, f'below_{name}'))
    chosen.destdir = os.path.abspath(chosen.destdir) if chosen.destdir else ''
    for component in chosen.components:
        if component not in COMPONENTS:
            parser.error(f'{component} is no component; they are {", ".join(COMPONENTS)}')
    installation = Installation(chosen)
    built = None if chosen.uninstall else built_folder(chosen.built)
    for component in chosen.components or COMPONENTS:
        getattr(installation, component)(built or Path())
    try:
        installation.uninstall() if chosen.uninstall else installation.install()
    except OSError as problem:
        sys.exit(f'install: {problem}: {"is it to be written by root? sudo make install" if os.getuid() else "see above"}')
    if not chosen.uninstall and not chosen.destdir and 'library' in (chosen.components or COMPONENTS):
        print(f'install: programs find the library after `ldconfig`, if {chosen.libdir} is one of its folders')


if __name__ == '__main__':
    main()
