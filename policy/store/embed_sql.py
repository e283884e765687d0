#!/usr/bin/env python3
"""Turns the numbered migrations into a C table, so that the gateway needs no file beside itself."""
import pathlib
import sys

print('/* Made by embed_sql.py from migrations/; do not edit. */')
for path in sys.argv[1:]:
    number, _, name = pathlib.Path(path).stem.partition('_')
    print(f'MIGRATION({int(number)}, "{name}",')
    for line in pathlib.Path(path).read_text(encoding='utf-8').splitlines():
        code = line.split('--')[0].rstrip()
        if code:
            print('\t"' + code.replace('\\', '\\\\').replace('"', '\\"').replace('\t', ' ') + '\\n"')
    print(')')
