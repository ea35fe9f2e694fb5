#!/usr/bin/env python3
"""Compares two builds of one artifact, and names what differs.

    tools/same_bytes.py FILE OTHER_FILE

Archives (.tar.gz, .crate, .whl, .zip, .deb) are compared member by member, with what the archive says of each: name, mode,
time, owner. Prints nothing and exits with 0 where the two are the same bytes.
"""
import gzip
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

# How many differences are told.
MOST = 20


def compare(left, right):
    """What differs, a sentence each; an empty list where the two files are the same bytes."""
    for path, other in ((left, right), (right, left)):
        if not path.exists():
            return [f'{path.name}: only one of the builds has made it ({other.parent})']
    first, second = left.read_bytes(), right.read_bytes()
    if first == second:
        return []
    found = differing(members(left.name, first), members(right.name, second))
    if not found:
        found = [f'{left.name}: the members are the same, their packing differs; {first_difference(first, second)}']
    return found[:MOST] + ([f'and {len(found) - MOST} more'] if len(found) > MOST else [])


def members(name, data):
    """The members of an archive: for each name what the archive says of it, and its bytes. None: it is no archive."""
    if name.endswith(('.tar.gz', '.crate', '.tgz', '.tar', '.tar.xz')):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return {
                member.name: (
                    (oct(member.mode), member.mtime, member.uid, member.uname, member.linkname),
                    archive.extractfile(member).read() if member.isfile() else b'',
                )
                for member in archive
            }
    if name.endswith(('.whl', '.zip')):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {
                member.filename: ((member.date_time, oct(member.external_attr >> 16)), archive.read(member))
                for member in archive.infolist()
            }
    if name.endswith('.deb'):
        found = {}
        for part in ('control', 'data'):
            option = '--ctrl-tarfile' if part == 'control' else '--fsys-tarfile'
            unpacked = subprocess.run(
                ['dpkg-deb', option, '/dev/stdin'], input=data, stdout=subprocess.PIPE, check=True
            ).stdout
            found.update({f'{part}:{inside}': what for inside, what in members('.tar', unpacked).items()})
        return found
    if name.endswith('.gz'):
        return {name.removesuffix('.gz'): ((), gzip.decompress(data))}
    return {name: ((), data)}


def differing(left, right):
    """The differences of two archives."""
    found = [f'{name}: only the first has it' for name in left if name not in right]
    found += [f'{name}: only the second has it' for name in right if name not in left]
    if not found and list(left) != list(right):
        found.append('the members are in another order')
    for name in left:
        if name not in right:
            continue
        (about, data), (other_about, other_data) = left[name], right[name]
        if data != other_data:
            found.append(f'{name}: {first_difference(data, other_data)}')
        elif about != other_about:
            found.append(f'{name}: {about} and {other_about}')
    return found


def first_difference(left, right):
    """Where two texts of bytes begin to differ, with what stands there."""
    at = next((at for at, (one, other) in enumerate(zip(left, right)) if one != other), min(len(left), len(right)))
    around = [data[max(at - 24, 0):at + 40] for data in (left, right)]
    return f'{len(left):,} and {len(right):,} bytes, which differ from {at:,} on: {around[0]!r} and {around[1]!r}'


def main():
    if len(sys.argv) != 3 or sys.argv[1] in ('-h', '--help'):
        sys.exit(__doc__)
    differences = compare(Path(sys.argv[1]), Path(sys.argv[2]))
    print(*differences, sep='\n', end='\n' if differences else '')
    return 1 if differences else 0


if __name__ == '__main__':
    sys.exit(main())
