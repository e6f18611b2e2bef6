/** Dicts from configurations: each kind of store, presets, and what a configuration cannot be. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseAddress } from '../../src/config/address.js'
import type { ConfigInput } from '../../src/config/check-config.js'
import {
  openFromConfig,
  openFromConfigAsync,
  openFromPreset,
  openFromPresetAsync,
} from '../../src/config/open-from-config.js'
import { ConfigError } from '../../src/errors/config-error.js'
import { OptionError } from '../../src/errors/option-error.js'
import { InvalidValueError } from '../../src/errors/value-errors.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'

const inside = (name: string): string => join(tempDirectory(), name)

const SYNC: Record<string, () => ConfigInput['store']> = {
  'the path of a directory': () => inside('dict'),
  'lmdb:PATH': () => `lmdb:${inside('dict')}`,
  'file:DIRECTORY': () => `file:${inside('files')}`,
  'sqlite:FILE': () => `sqlite:${inside('dict.sqlite')}`,
  'memory:': () => 'memory:',
  'an object': () => ({ kind: 'sqlite', path: inside('dict.sqlite'), busyTimeoutMs: 100 }),
}

describe.each(Object.entries(SYNC))('store as %s', (_, store) => {
  test('openFromConfig() opens a dict that takes entries', () => {
    using dict = openFromConfig<Record<string, number>>({ store: store() })
    dict.set('a', 1)
    expect(dict.get('a')).toBe(1)
  })

  test('openFromConfigAsync() opens one with promises', async () => {
    await using dict = await openFromConfigAsync<Record<string, number>>({ store: store() })
    await dict.set('a', 1)
    expect(await dict.get('a')).toBe(1)
  })
})

describe('openFromConfig()', () => {
  test('takes what no plain data can say beside the configuration', () => {
    using dict = openFromConfig({ store: 'memory:' }, { schema: z.number() })
    expect(() => dict.set('a', 'text')).toThrow(InvalidValueError)
  })

  test('refuses a store that answers later, and names the function that takes it', () => {
    const store = 'redis://localhost:1'
    expect(() => openFromConfig({ store })).toThrow(/A redis store.*openFromConfigAsync\(\)/)
  })

  test('leaves no store open when the options cannot be used', () => {
    const path = inside('dict')
    const wrong: ConfigInput = { store: path, hashKeys: 'always' }
    expect(() => openFromConfig(wrong)).toThrow(OptionError)
    // A store that was open still would keep its settings.
    using dict = openFromConfig({ store: { kind: 'lmdb', path, maxReaders: 7 } })
    expect(dict.stats().store).toBe('lmdb')
  })
})

describe('openFromPreset()', () => {
  test('opens a dict as the preset says, but for what is set', () => {
    const path = inside('dict')
    using dict = openFromPreset('shared_cache', { store: path, ttl: '1h' })
    dict.set('a', 1)
    expect(dict.ttl('a')).toBeLessThanOrEqual(3_600_000)
    expect(existsSync(path)).toBe(true)
  })

  test('refuses a name that no preset has, and suggests the nearest', () => {
    expect(() => openFromPreset('shared_cach' as never)).toThrow(/Did you mean "shared_cache"/)
    expect(() => openFromPreset('toString' as never)).toThrow(ConfigError)
  })

  test('openFromPresetAsync() opens two stores as one', async () => {
    const path = inside('far.sqlite')
    await using dict = await openFromPresetAsync<Record<string, number>>('hybrid_cache_db', {
      store: { kind: 'tiered', near: 'memory:', far: `sqlite:${path}` },
    })
    await dict.set('a', 1)
    expect(await dict.get('a')).toBe(1)
    expect(existsSync(path)).toBe(true)
  })
})

test('an address that is a store already is not taken for one', () => {
  const store = memoryStore() as never
  expect(() => openFromConfig({ store })).toThrow(ConfigError)
  expect(parseAddress('C:\\data')).toEqual({ kind: 'lmdb', path: 'C:\\data' })
})
