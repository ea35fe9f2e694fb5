"""The RPM packages, built by rpmbuild of Debian from packaging/rpm, unpacked, and used."""
import subprocess
import sys
from pathlib import Path

from run import QUICKSTART, ROOT, begin
import link
import process

ABOUT = 'rpmbuild of packaging/rpm/wazo-auth-client.spec'
SPEC = ROOT / 'packaging' / 'rpm' / 'wazo-auth-client.spec'
PACKAGES = ('wazo-auth-client', 'wazo-auth-client-devel', 'wazo-auth-client-static', 'wazo-auth-simulator')


def run(report, tools):
    if missing := tools.packages(rpmbuild='rpm', rpm2cpio='rpm2cpio', cpio='cpio'):
        report.skip(ABOUT, f'{", ".join(missing)} is missing: apt-get install {" ".join(missing)}')
        return
    sources = tools.folder / 'SOURCES'
    sources.mkdir()
    name = f'wazo-auth-client-{link.version()}'
    subprocess.run(
        ['git', 'archive', f'--prefix={name}/', '-o', sources / f'{name}.tar.gz', 'HEAD'], cwd=ROOT, check=True
    )
    # What is built already is packaged: a build takes minutes, and is tested elsewhere.
    status, said = process.run(
        ['rpmbuild', '-bb', '--nodeps', '--define', f'_topdir {tools.folder}', '--define', f'built {tools.built()}',
         '--define', '_libdir /usr/lib64', SPEC],
        seconds=900,
    )
    if not report.promise(status == 0, 'rpmbuild builds the packages', said[-2500:]):
        return
    built = {path.name.rsplit('-', 2)[0]: path for path in (tools.folder / 'RPMS').rglob('*.rpm')}
    report.promise(set(built) == set(PACKAGES), f'the packages are {", ".join(PACKAGES)}', str(sorted(built)))
    root = tools.folder / 'root'
    root.mkdir()
    for path in built.values():
        subprocess.run(f'rpm2cpio {path} | cpio --quiet -idm', shell=True, cwd=root, check=True)
    _, provided = process.run(['rpm', '-qp', '--provides', built['wazo-auth-client']])
    report.promise(
        f'{link.soname()}(WAZO_AUTH_0.1)(64bit)' in provided, 'the package provides the SONAME with the versions of its symbols', provided
    )
    program, library = tools.folder / 'quickstart', root / 'usr' / 'lib64'
    status, said = process.run(
        ['sh', '-c', f'cc {QUICKSTART} -o {program} $(pkg-config --cflags --libs wazo_auth_client)'],
        {'PKG_CONFIG_LIBDIR': str(library / 'pkgconfig'), 'PKG_CONFIG_SYSROOT_DIR': str(root)},
    )
    if report.promise(status == 0, 'a C program is compiled with the headers of -devel', said):
        tools.sample(report, 'and runs with the library of the package', [program], {'LD_LIBRARY_PATH': str(library)})


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_')).end())
