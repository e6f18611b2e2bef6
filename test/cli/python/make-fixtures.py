"""Makes the stores beside this file, as the Python packages PersistDict and LiveDict write them.

Run once, with python3-lmdb 1.4, python3-yaml 6 and python3-cryptography 38 of Debian 12:

    python3 make-fixtures.py

The rows are made by the same libraries as the packages use (py-lmdb, PyYAML, zlib, sqlite3,
cryptography, json, pickle), in the layouts that their sources have: PersistDict 0.2.14 over
lmdb-dict-full, PersistDict 0.1, LiveDict 1.0.4 and LiveDict 2.0.2. The packages themselves are not
needed, and none of their code is here.
"""
import base64
import datetime
import hashlib
import json
import os
import pickle
import shutil
import sqlite3
import zlib

import lmdb
import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = bytes(range(32))
LONG = 'k' * 600
VALUES = {
    'ada': {'name': 'Ada', 'born': 1815, 'tags': ['x', 'ü', None, True]},
    'numbers': [float('nan'), float('inf'), -float('inf'), 2**70, -(2**53), 1e300, 0.1],
    'größe: "x"': 'snow ☃ NaN 12345678901234567890 "quoted"',
    LONG: 'long key',
    'large': 'x' * 10_000,
}


def fresh(name):
    path = os.path.join(HERE, name)
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.remove(path)
    return path


def persistdict_2(name, dump, values):
    path = fresh(name)
    env = lmdb.open(path, max_dbs=3, map_size=10485760 * 1000)
    rows = env.open_db(b'PersistDict_values')
    metadata = env.open_db(b'PersistDict_metadata')
    info = env.open_db(b'PersistDict_info')
    start = datetime.datetime(2026, 1, 31, 12, 0, 0, 123456)

    def safe(value):
        text = yaml.safe_dump(value, default_flow_style=True, encoding='utf-8')
        return zlib.compress(text, zlib.Z_BEST_SPEED)

    for at, (key, value) in enumerate(values.items()):
        digest = hashlib.sha256(key.encode('utf-8')).hexdigest()[:511]
        row = base64.b64encode(pickle.dumps(digest))
        time = start + datetime.timedelta(seconds=at)
        with env.begin(write=True, db=rows) as txn:
            txn.put(row, dump(value))
        with env.begin(write=True, db=metadata) as txn:
            txn.put(row, safe({'ctime': time, 'atime': time, 'fullkey': key}))
    with env.begin(write=True, db=info) as txn:
        txn.put(b'version', safe('0.2.14'))
    env.close()
    os.remove(os.path.join(path, 'lock.mdb'))


def persistdict_1(name):
    db = sqlite3.connect(fresh(name))
    db.execute(
        'CREATE TABLE storage (key TEXT PRIMARY KEY, value BLOB, '
        'ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, atime TIMESTAMP DEFAULT CURRENT_TIMESTAMP)'
    )
    db.execute('CREATE TABLE metadata (key TEXT PRIMARY KEY, value TEXT)')
    db.execute("INSERT INTO metadata VALUES ('version', '0.1')")
    for key, value in VALUES.items():
        db.execute('INSERT INTO storage (key, value) VALUES (?, ?)', (key, json.dumps(value)))
    db.commit()
    db.execute('VACUUM')
    db.close()


def seal(value):
    nonce = os.urandom(12)
    return b'LD1' + nonce + AESGCM(KEY).encrypt(nonce, json.dumps(value).encode(), None)


LIVE = [
    ('main', 'ada', VALUES['ada'], 4102444800.25),
    ('main', 'for ever', [1, 2], -10.0),
    ('tenant', 'ada', 'of another bucket', 4102444800.0),
    ('main', 'gone', 'expired', 1000.0),
]


def livedict_1(name):
    db = sqlite3.connect(fresh(name))
    db.execute(
        'CREATE TABLE kv (bucket TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, '
        'expire_at REAL NOT NULL, PRIMARY KEY(bucket, key))'
    )
    for bucket, key, value, expire_at in LIVE:
        db.execute('INSERT INTO kv VALUES (?, ?, ?, ?)', (bucket, key, seal(value), expire_at))
    db.commit()
    db.close()


def livedict_files(name):
    path = fresh(name)
    for bucket, key, value, expire_at in LIVE:
        os.makedirs(os.path.join(path, bucket), exist_ok=True)
        with open(os.path.join(path, bucket, f'{key}.entry'), 'wb') as file:
            file.write(json.dumps({'expire_at': expire_at}).encode() + b'\n' + seal(value))


def livedict_2(name):
    db = sqlite3.connect(fresh(name))
    db.execute('CREATE TABLE kv_store (key TEXT PRIMARY KEY, value BLOB, expire REAL)')
    db.execute('INSERT INTO kv_store VALUES (?, ?, ?)', ('a', pickle.dumps(1, protocol=5), None))
    db.commit()
    db.close()


persistdict_2('persistdict-json', lambda value: json.dumps(value).encode(), VALUES)
persistdict_2('persistdict-pickle', pickle.dumps, {'ada': VALUES['ada']})
persistdict_2(
    'persistdict-many', lambda value: json.dumps(value).encode(), {f'key {i}': i for i in range(120)}
)
persistdict_1('persistdict-0.1.db')
livedict_1('livedict-1.db')
livedict_files('livedict-1-files')
livedict_2('livedict-2.db')
