"""The ABI: the header against that of the versions before, by abidiff; and what the library asks of the system."""
import re
import sys
from pathlib import Path

from run import begin
import abi
import link
import process

ABOUT = 'the ABI: compatible with the versions before'
# The oldest glibc that a library built on Debian 12 starts with, as docs/abi.md says.
GLIBC = (2, 34)


def change(text, old, new):
    """The header with one change, which must find its place."""
    assert len(re.findall(old, text)) >= 1, f'{old} is not in the header'
    return re.sub(old, new, text, count=1)


def comparison(report, tools):
    if missing := tools.packages(abidiff='abigail-tools', abidw='abigail-tools'):
        report.skip('the ABI is compatible with the versions before', f'{missing[0]} is missing: apt-get install {missing[0]}')
        return
    text = abi.preprocessed()
    report.promise(len(abi.FUNCTION.findall(abi.ATTRIBUTE.sub('', text))) == len(link.exported()), 'every exported function is compared')
    versions = ', '.join(path.stem for path in abi.recorded())
    found = abi.differences(text)
    report.promise(versions and not found, f'the ABI is compatible with that of {versions}', found)
    # A comparison that sees nothing would pass as well.
    for what, old, new in (
        ('a function that is gone', r'_Bool wazo_auth_status_check\([^;]*;', ''),
        ('another parameter', r'(wazo_auth_status_check\(const wazo_auth_client \*client), ', r'\1, int more, '),
        ('another result', r'_Bool (wazo_auth_status_check\()', r'char *\1'),
        ('an enumeration whose values have moved', r'(WAZO_AUTH_ERROR_INVALID_ARGUMENT\s*=?\s*)\d+', r'\g<1>777'),
    ):
        found = abi.differences(change(text, old, new))
        report.promise('compared with' in found, f'{what} is found', found or 'nothing was found')
    for what, old, new in (
        ('a new function', r'\Z', '\nint wazo_auth_new_function(void);\n'),
        ('a new value at the end of an enumeration', r',?\s*\} wazo_auth_error_kind_t;', ', WAZO_AUTH_ERROR_NEW = 9999 } wazo_auth_error_kind_t;'),
    ):
        found = abi.differences(change(text, old, new))
        report.promise(not found, f'{what} breaks nothing', found)


def run(report, tools):
    comparison(report, tools)
    library = tools.built() / 'installed' / link.file_name()
    _, said = process.run(['readelf', '--dynamic', '--version-info', library])
    versions = {tuple(map(int, found.split('.'))) for found in re.findall(r'GLIBC_(\d+(?:\.\d+)+)', said)}
    report.promise(
        versions and max(versions) <= GLIBC, f'the library needs glibc {".".join(map(str, GLIBC))} at most', str(sorted(versions)[-3:])
    )
    needed = set(re.findall(r'NEEDED.*\[(.*?)\]', said))
    wanted = {'libc.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2'}
    report.promise(needed and needed <= wanted, 'the library needs the C library and libgcc, and nothing else', str(needed))
    report.promise(f'[{link.soname()}]' in said and 'NODELETE' in said, f'its SONAME is {link.soname()}, and dlclose() leaves it', said)


if __name__ == '__main__':
    sys.exit(begin(Path(__file__).stem.removeprefix('way_'), {'debug': '--debug' in sys.argv}).end())
