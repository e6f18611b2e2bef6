/** Configurations from JSON, YAML, files, the environment, the builder; and what they look like. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/config/address.js'
import { configBuilder } from '../../src/config/builder.js'
import { type ConfigInput, checkConfig } from '../../src/config/check-config.js'
import { configAt } from '../../src/config/config-at.js'
import { configFromFile, configFromJson, configFromYaml } from '../../src/config/config-file.js'
import { configFromEnvironment } from '../../src/config/environment.js'
import { PRESET_NAMES, presetConfig } from '../../src/config/presets.js'
import { preview } from '../../src/config/preview.js'
import { saveConfig } from '../../src/config/save-config.js'
import { ConfigError } from '../../src/errors/config-error.js'
import { runChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { thrownBy } from './proofs.js'

const lmdb = (path: string) => ({ kind: 'lmdb', path })

describe('addresses', () => {
  test.each([
    ['./cache', lmdb('./cache')],
    ['/data/cache', lmdb('/data/cache')],
    ['C:\\data', lmdb('C:\\data')],
    ['./a:b', lmdb('./a:b')],
    ['lmdb:./cache', lmdb('./cache')],
    ['LMDB:x', lmdb('x')],
    ['file:entries', { kind: 'file', path: 'entries' }],
    ['sqlite:a b?.db', { kind: 'sqlite', path: 'a b?.db' }],
    ['memory:', { kind: 'memory' }],
    ['redis://h:1/2', { kind: 'redis', url: 'redis://h:1/2' }],
    [
      'rediss://u:p@h?prefix=7&parts=4&timeout=2s&tracking=false',
      {
        kind: 'redis',
        url: 'rediss://u:p@h',
        prefix: '7',
        parts: 4,
        timeout: '2s',
        tracking: false,
      },
    ],
  ])('parseAddress(%j) is %j', (address, store) => {
    expect(parseAddress(address)).toEqual(store)
    expect(checkConfig({ store: address }).store).toEqual(store)
  })

  test.each([
    ['', 'must be a string that is not empty'],
    ['lmbd:x', 'Did you mean "lmdb:"?'],
    ['postgres://u:secret@h/db', 'no kind of store'],
    ['sqlite:///x', 'slashes'],
    ['sqlite:', 'no path'],
    ['memory:x', 'memory has no place'],
    ['redis:secret@h', 'redis://localhost:6379'],
    ['redis://u:secret@h?parts=4&part=2', 'prefix, parts, timeout, tracking'],
    ['redis://u:secret@h?parts=none', 'store.parts'],
  ])('%j is a ConfigError that shows no password', (store, says) => {
    const error = thrownBy(() => checkConfig({ store }))
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain(says)
    expect(String(error)).not.toContain('secret')
  })
})

describe('a setting that is wrong is a ConfigError that names it, what it was and what it takes', () => {
  const store = './x'
  const key = (one: unknown) => ({ store, cipher: { kind: 'aes-256-gcm', keys: [one] } })
  test.each<[unknown, string, string]>([
    [null, '', 'must be an object, and was null'],
    [{}, 'store', 'is missing'],
    [{ store, ttll: 1 }, 'ttll', 'Did you mean ttl?'],
    [{ store, cache: { maxEntrys: 1 } }, 'cache.maxEntrys', 'Did you mean cache.maxEntries?'],
    [{ store, namespaces: { a: { maxEntry: 1 } } }, 'namespaces.a.maxEntry', 'maxEntries?'],
    [
      { store, ttl: true },
      'ttl',
      'a time such as "10m" (ms, s, m, h, d, w) or null, and was a boolean',
    ],
    [{ store, ttl: '0s' }, 'ttl', 'was a string'],
    [{ store, ttl: Number.NaN }, 'ttl', 'was a number'],
    [{ store, maxEntries: 1.5 }, 'maxEntries', 'a whole number of at least 1 or null, and was 1.5'],
    [{ store, serializer: 'msgpak' }, 'serializer', 'Did you mean "msgpack"?'],
    [{ store, cache: [1] }, 'cache', 'must be an object, and was a list'],
    [{ store: { kind: 'sqlit', path: 'x' } }, 'store.kind', 'Did you mean "sqlite"?'],
    [{ store: { path: 'x' } }, 'store.kind', 'is missing'],
    [
      { store: { kind: 'lmdb' } },
      'store.path',
      'is missing: it must be a string that is not empty',
    ],
    [{ store: { kind: 'lmdb', path: 'x', driver: 'node' } }, 'store.driver', 'no setting'],
    [{ store: { kind: 'redis' } }, 'store.url', 'exactly one of url and cluster'],
    [{ store: { kind: 'tiered', near: 'redis://h', far: 'memory:' } }, 'store.near.kind', '"lmdb"'],
    [{ store: { kind: 'tiered', near: 'memory:', far: './x' } }, 'store.far.kind', '"redis"'],
    [
      { store: 'redis://h', flushOnSignals: true },
      'flushOnSignals',
      'cannot go with a redis store',
    ],
    [{ store: 'redis://h', maxBytes: 1e9 }, 'maxBytes', 'cannot go with a redis store'],
    [{ store, namespace: 'a', initial: { a: 1 } }, 'initial', 'cannot go with namespace'],
    [
      key('secret'),
      'cipher.keys.0',
      'must be an object with env, file or password, and was a string',
    ],
    [{ store, cipher: [] }, 'cipher', 'a list that is not empty, and was an empty list'],
    [{ store, cipher: { kind: null, keys: [] } }, 'cipher.kind', 'and was null.'],
    [{ store: '' }, 'store', 'and was an empty string'],
    // Of the right type, and yet nothing can be opened with them.
    [{ store, keySizeLimit: 8 }, 'keySizeLimit', 'keySizeLimit must be 37'],
    [{ store, digestBytes: 33 }, 'digestBytes', 'must be 1 to 32, and was 33'],
    [{ store, compress: { use: 'gzip', level: 0 } }, 'compress.level', 'must be 1 to 9'],
    [key({ password: 'secret', cost: 3 }), 'cipher.keys.0.cost', 'cost a power of two'],
    [key({ password: 77_777 }), 'cipher.keys.0.password', 'and was a number'],
    [key({}), 'cipher.keys.0', 'must have env, file, password'],
    [{ preset: 'simpel' }, 'preset', 'Did you mean "simple"?'],
  ])('%j', (input, path, says) => {
    const error = thrownBy(() => checkConfig(input as ConfigInput))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ path, code: 'ERR_PERSISTDICT_CONFIG' })
    expect(String(error)).toContain(says)
    expect(String(error)).not.toMatch(/secret|77/)
  })
})

test.each(PRESET_NAMES)('the preset %s is a configuration, and can be changed', (name) => {
  expect(checkConfig({ preset: name })).toEqual(presetConfig(name))
  expect(checkConfig({ preset: name, ttl: '3h' })).toEqual({ ...presetConfig(name), ttl: '3h' })
})

describe('files', () => {
  const yaml = 'store:\n  kind: sqlite\n  path: app.db\ncache: { maxEntries: 5 }\n'
  const json =
    '{ "$schema": "x", "store": { "kind": "sqlite", "path": "app.db" }, "cache": { "maxEntries": 5 } }'
  const written = (name: string, text: string) => {
    const path = join(tempDirectory(), name)
    writeFileSync(path, text)
    return path
  }

  test('JSON and YAML say the same', () => {
    const expected = { store: { kind: 'sqlite', path: 'app.db' }, cache: { maxEntries: 5 } }
    expect(configFromJson(json)).toEqual(expected)
    expect(configFromYaml(yaml)).toEqual(expected)
  })

  test.each([
    ['app.json', json],
    ['app.yaml', yaml],
    ['app.YML', `\uFEFF${yaml}`],
  ])('paths in %s are relative to its directory', (name, text) => {
    const path = written(name, text)
    const store = { kind: 'sqlite', path: join(path, '..', 'app.db') }
    expect(configFromFile(path).store).toEqual(store)
    expect(configAt(path).store).toEqual(store)
  })

  test('configAt() takes an address, too, and a directory by any name', () => {
    const directory = tempDirectory()
    expect(configAt('memory:').store).toEqual({ kind: 'memory' })
    expect(configAt(directory).store).toEqual(lmdb(directory))
  })

  test.each([
    ['bad.json', '{\n "store": "secret', 'is no JSON. Look at line 2'],
    ['bad.yaml', 'store: "secret\n', 'is no YAML. Look at line'],
    ['bad.yaml', 'store: *secret\n', 'is no YAML'],
    ['list.yaml', '- secret\n', 'must be an object, and was a list'],
    ['wrong.json', '{ "store": "x", "ttl": "secret" }', 'The setting ttl in the file'],
    ['app.toml', 'secret', 'must end with .json, .yaml or .yml'],
  ])('%s is a ConfigError that shows nothing of what was read', (name, text, says) => {
    const path = written(name, text)
    const error = thrownBy(() => configFromFile(path))
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain(says)
    expect(String(error)).toContain(path)
    expect(String(error)).not.toContain('secret')
  })

  test('a file that is not there, and YAML without its package, say what to do', async () => {
    expect(() => configFromFile('./none.json')).toThrow(
      /"\.\/none\.json" cannot be read \(ENOENT\)/,
    )
    const hook = fileURLToPath(new URL('../processes/children/yaml-missing.cjs', import.meta.url))
    const ended = await runChild('yaml-config.mjs', [], { nodeArgs: ['--require', hook] })
    expect(JSON.parse(ended.stdout)).toMatchObject({
      code: 'ERR_PERSISTDICT_MISSING_PACKAGE',
      packageName: 'yaml',
      message: expect.stringContaining('npm install yaml'),
    })
  })

  test.each(['app.json', 'app.yaml'])('saveConfig() writes what is read from %s, once', (name) => {
    const path = join(tempDirectory(), name)
    const config = checkConfig({ preset: 'llm_cache', store: '/data/cache' })
    saveConfig(path, config)
    expect(configFromFile(path)).toEqual(config)
    // As any file that is written here.
    const other = `${path}.other`
    writeFileSync(other, '')
    expect(statSync(path).mode).toBe(statSync(other).mode)
    expect(() => saveConfig(path, config)).toThrow(/it is there already/)
    expect(() => saveConfig(`${path}.txt`, config)).toThrow(ConfigError)
  })

  test('saveConfig() keeps a file with a secret in it to its user', () => {
    const path = join(tempDirectory(), 'app.json')
    saveConfig(path, { store: 'redis://u:secret@h' })
    expect(statSync(path).mode & 0o077).toBe(0)
    chmodSync(path, 0o600)
    expect(readFileSync(path, 'utf8')).toContain('secret')
  })
})

describe('the environment', () => {
  const from = (variables: Record<string, string>, over?: ConfigInput) =>
    configFromEnvironment(
      Object.fromEntries(
        Object.entries(variables).map(([name, text]) => [`PERSISTDICT_${name}`, text]),
      ),
      over,
    )

  test('names are nested, and texts become what the setting takes', () => {
    expect(
      from({
        STORE__KIND: 'sqlite',
        STORE__PATH: '123',
        CACHE__MAX_ENTRIES: '5',
        BACKGROUND: 'false',
        TTL: 'null',
        MAX_AGE: '60000',
        MAX_IDLE: '',
        NAMESPACES__users__MAX_ENTRIES: '7',
        NAMESPACES__0__EVICTION: 'lru',
        INITIAL__a: '{"n":1}',
        CIPHER__KIND: 'aes-256-gcm',
        CIPHER__KEYS__0__ENV: 'PERSISTDICT_KEY',
        CIPHER__KEYS__1__PASSWORD: '1234',
        KEY: 'no setting, but where the key is',
      }),
    ).toEqual({
      store: { kind: 'sqlite', path: '123' },
      cache: { maxEntries: 5 },
      background: false,
      ttl: null,
      maxAge: 60_000,
      namespaces: { users: { maxEntries: 7 }, 0: { eviction: 'lru' } },
      initial: { a: { n: 1 } },
      cipher: { kind: 'aes-256-gcm', keys: [{ env: 'PERSISTDICT_KEY' }, { password: '1234' }] },
    })
  })

  test('parts go over an address, a preset, or another configuration', () => {
    expect(from({ STORE: 'redis://h', STORE__PREFIX: 'a' }).store).toMatchObject({ prefix: 'a' })
    expect(from({ PRESET: 'llm_cache', STORE__PATH: 'y' })).toMatchObject({
      store: lmdb('y'),
      maxIdle: '30d',
    })
    const over: ConfigInput = { store: { kind: 'lmdb', path: 'q', maxReaders: 4 }, ttl: '1h' }
    expect(from({ STORE__MAX_READERS: '9' }, over)).toEqual({
      store: { kind: 'lmdb', path: 'q', maxReaders: 9 },
      ttl: '1h',
    })
    expect(from({ STORE__KIND: 'sqlite', STORE__PATH: 'p' }, over).store).toEqual({
      kind: 'sqlite',
      path: 'p',
    })
    expect(over.store).toEqual({ kind: 'lmdb', path: 'q', maxReaders: 4 })
  })

  test('items of a list go over those of another configuration, one by one', () => {
    const cipher = { kind: 'aes-256-gcm', keys: [{ env: 'OLD' }] } as const
    const over: ConfigInput = { store: './x', cipher }
    const keys = (variables: Record<string, string>) => {
      const config = from(variables, over)
      return (config.cipher as typeof cipher).keys
    }
    expect(keys({ CIPHER__KEYS__1__ENV: 'FRESH' })).toEqual([{ env: 'OLD' }, { env: 'FRESH' }])
    expect(keys({ CIPHER__KEYS__0__FILE: './key' })).toEqual([{ file: './key' }])
    // Of another kind, nothing is taken over.
    const other = { CIPHER__KIND: 'chacha20-poly1305', CIPHER__KEYS__0__ENV: 'FRESH' }
    expect(keys(other)).toEqual([{ env: 'FRESH' }])
    expect(over.cipher).toEqual({ kind: 'aes-256-gcm', keys: [{ env: 'OLD' }] })
  })

  test.each<[Record<string, string>, string]>([
    [{}, 'PERSISTDICT_STORE in the environment is missing'],
    [{ STORE__KND: 'x' }, 'Did you mean PERSISTDICT_STORE__KIND?'],
    [{ STORE: './x', MAX_ENTRYS: '1' }, 'Did you mean PERSISTDICT_MAX_ENTRIES?'],
    [{ STORE: './x', KEY: 'secret' }, 'no setting for the variable PERSISTDICT_KEY'],
    [{ STORE: './x', CACHE__MAX_ENTRIES: 'secret' }, 'PERSISTDICT_CACHE__MAX_ENTRIES'],
    [{ STORE: './x', COMPRESS: 'gzip', COMPRESS__LEVEL: '3' }, 'PERSISTDICT_COMPRESS is a string'],
    [{ STORE: './x', CACHE__MAX_ENTRIES__OF__ALL: '3' }, 'Set PERSISTDICT_CACHE__MAX_ENTRIES,'],
    [{ STORE: '{"kind":"sqlit"}' }, 'PERSISTDICT_STORE__KIND'],
    [{ STORE: './x', NAMESPACE__0: 'a', NAMESPACE__2: 'b' }, 'no PERSISTDICT_NAMESPACE__1 before'],
  ])('%j is a ConfigError that names the variable', (variables, says) => {
    const error = thrownBy(() => from(variables))
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain(says)
    expect(String(error)).not.toContain('secret')
  })

  test('what users name cannot change a prototype', () => {
    const initial = '{ "__proto__": { "polluted": 1 } }'
    from({ PRESET: 'simple', INITIAL: initial })
    checkConfig({ preset: 'simple', initial: JSON.parse(initial) })
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('configBuilder()', () => {
  test('has a method for each setting, and never changes', () => {
    const simple = configBuilder().preset('simple').store('memory:')
    const changed = simple.ttl('1h').maxEntries(5).compress('gzip')
    expect(simple.build()).toEqual({ store: { kind: 'memory' } })
    expect(changed.build()).toEqual({
      store: { kind: 'memory' },
      ttl: '1h',
      maxEntries: 5,
      compress: 'gzip',
    })
    expect(changed.preview()).toContain('"ttl": "1h"')
    using dict = changed.open<Record<string, number>>()
    dict.set('a', 1)
    expect(dict.ttl('a')).toBeLessThanOrEqual(3_600_000)
  })

  test('refuses a wrong value where it is given, and opens with promises', async () => {
    expect(() => configBuilder().ttl(true as never)).toThrow(/ttl in the builder/)
    await using dict = await configBuilder({ store: 'memory:' }).openAsync<{ a: number }>()
    await dict.set('a', 1)
    expect(await dict.get('a')).toBe(1)
  })
})

test('preview() shows a configuration and none of its secrets, and opens nothing', () => {
  const cipher = {
    kind: 'aes-256-gcm',
    keys: [{ password: 'secret' }, { password: { env: 'SHOWN' } }, { file: 'shown.key' }],
  } as const
  const text = preview({
    store: {
      kind: 'redis',
      url: 'redis://user:secret@host/1',
      password: 'secret',
      clientOptions: { password: 'secret', socket: { key: 'secret', passphrase: 'secret' } },
    },
    cipher,
    initial: { a: 'secret' },
  })
  expect(text).not.toContain('secret')
  expect(text).toContain('redis://user:***@host/1')
  for (const shown of ['SHOWN', 'shown.key', 'aes-256-gcm']) expect(text).toContain(shown)
  const nodes = { rootNodes: [{ url: 'redis://:secret@h' }], defaults: { password: 'secret' } }
  expect(preview({ store: { kind: 'redis', cluster: nodes } })).not.toContain('secret')
  expect(preview({ store: { kind: 'redis', url: 'reds//:secret@h' } })).not.toContain('secret')
  const path = join(tempDirectory(), 'store')
  preview({ store: path })
  expect(existsSync(path)).toBe(false)
})
