#!/usr/bin/env python3
"""Copies the Python package without the native library, which is a package of its own, with the metadata that pip reads.

    tools/python_files.py FOLDER          such as debian/tmp/usr/lib/python3/dist-packages

For distributions: a wheel from `make wheel` carries its library. The module looks for its own library first, and then for
the system's by its SONAME.
"""
import shutil
import sys
import tomllib
from pathlib import Path

import link

SOURCE = link.ROOT / 'bindings' / 'python'


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith('-'):
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    project = tomllib.loads((SOURCE / 'pyproject.toml').read_text(encoding='utf-8'))['project']
    shutil.copytree(
        SOURCE / 'wazo_auth_client', folder / 'wazo_auth_client', dirs_exist_ok=True,
        ignore=shutil.ignore_patterns('__pycache__', '_native'),
    )
    metadata = folder / f'{project["name"].replace("-", "_")}-{link.version()}.dist-info'
    metadata.mkdir(parents=True, exist_ok=True)
    fields = [
        ('Metadata-Version', '2.1'), ('Name', project['name']), ('Version', link.version()),
        ('Summary', project['description']), ('License', project['license']),
        ('Requires-Python', project['requires-python']),
        *(('Classifier', classifier) for classifier in project['classifiers']),
    ]
    (metadata / 'METADATA').write_text(''.join(f'{key}: {value}\n' for key, value in fields), encoding='utf-8')
    (metadata / 'INSTALLER').write_text('distribution\n', encoding='utf-8')
    print(f'python_files: {folder / "wazo_auth_client"}')


if __name__ == '__main__':
    main()
