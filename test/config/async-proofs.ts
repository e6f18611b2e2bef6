/** The settings of asynchronous stores, and what each changes: on a Redis server of the test's own. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { createClient } from 'redis'
import { expect } from 'vitest'
import { openFromConfigAsync } from '../../src/config/open-from-config.js'
import type { RedisConfig, StoreConfig, TieredConfig } from '../../src/config/store-config.js'
import type { AsyncPersistDict } from '../../src/dict/async-persist-dict.js'
import { OptionError } from '../../src/errors/option-error.js'
import { StoreAccessError } from '../../src/errors/server-errors.js'
import { StoreFullError } from '../../src/errors/store-errors.js'
import { until } from '../redis/rows.js'
import type { RedisServer } from '../redis/server.js'
import { inside, type Proof } from './proofs.js'

type AnyAsyncDict = AsyncPersistDict<Record<string, unknown>>

async function withDict<T>(
  store: StoreConfig,
  use: (dict: AnyAsyncDict) => Promise<T>,
): Promise<T> {
  // Every read is to be seen by the store.
  const dict = await openFromConfigAsync({ store, cache: { maxEntries: 0 } })
  try {
    return await use(dict)
  } finally {
    await dict.close()
  }
}

const USER = 'config'
const PASSWORD = 'right'
const OWNER = 'owner'

/**
 * What the server of these proofs is started with: nobody gets in without a password. A connection that
 * is refused would otherwise be that of the default user.
 */
export const SERVER_SETTINGS = [
  ...['--requirepass', OWNER],
  ...['--user', USER, 'on', `>${PASSWORD}`, '~*', '&*', '+@all'],
]

/** The address of the server, and the way in. */
const urlOf = ({ port }: RedisServer) => `redis://:${OWNER}@127.0.0.1:${port}`

/** Runs `use` with the address of a server that takes connections, and never says anything. */
async function withSilentServer(use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await use(`redis://127.0.0.1:${port}`)
  server.close()
}

/** The settings of stores on Redis. */
export function redisProofs(server: () => RedisServer): Readonly<Record<string, Proof>> {
  const redis = (more: Partial<RedisConfig> = {}): RedisConfig => ({
    kind: 'redis',
    url: urlOf(server()),
    prefix: randomUUID(),
    timeout: '20s',
    ...more,
  })
  const set = (config: RedisConfig) => withDict(config, (dict) => dict.set('a', 1))
  const get = (config: RedisConfig) => withDict(config, (dict) => dict.get('a'))
  const env = (text: string) => {
    process.env.CONFIG_TEST_REDIS = text
    return { env: 'CONFIG_TEST_REDIS' }
  }
  const file = (text: string) => {
    const path = inside('secret')
    writeFileSync(path, text)
    return { file: path }
  }
  const urlAt = (place: typeof env | typeof file) => async () => {
    const config = redis()
    await set(config)
    expect(await get({ ...config, url: place(urlOf(server())) })).toBe(1)
  }
  /** Logging in works as the user, and with another password it does not. */
  const passwordAt = (place: (text: string) => RedisConfig['password']) => async () => {
    const config = redis({ url: server().url, username: USER })
    await set({ ...config, password: place(PASSWORD) })
    await expect(get({ ...config, password: place('wrong') })).rejects.toThrow(StoreAccessError)
  }
  return {
    'redis.kind': async () =>
      expect(await withDict(redis(), async (dict) => (await dict.stats()).store)).toBe('redis'),
    'redis.url': async () => {
      const config = redis()
      await set(config)
      expect(await get(config)).toBe(1)
    },
    'redis.url.env': urlAt(env),
    'redis.url.file': urlAt(file),
    'redis.cluster': () =>
      withSilentServer((url) => {
        const { url: _, ...config } = redis({ timeout: '200ms', cluster: { rootNodes: [{ url }] } })
        return expect(get(config)).rejects.toThrow(url)
      }),
    'redis.username': async () => {
      await passwordAt((text) => text)()
      await expect(
        get(redis({ url: server().url, username: 'nobody', password: PASSWORD })),
      ).rejects.toThrow(StoreAccessError)
    },
    'redis.password': passwordAt((text) => text),
    'redis.password.env': passwordAt(env),
    'redis.password.file': passwordAt(file),
    'redis.clientOptions': async () => {
      const config = redis()
      await set(config)
      expect(await get({ ...config, clientOptions: { database: 5 } })).toBeUndefined()
    },
    'redis.prefix': async () => {
      const config = redis()
      await set(config)
      expect(await get({ ...config, prefix: randomUUID() })).toBeUndefined()
    },
    'redis.parts': async () => {
      const client = createClient({ url: urlOf(server()) })
      await client.connect()
      const tags = async (parts: number) => {
        const config = redis({ parts })
        await withDict(config, (dict) => dict.setMany({ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 }))
        const keys = await client.keys(`*${config.prefix}*`)
        return new Set(keys.map((key) => /\{(.*)\}/.exec(key)?.[1])).size
      }
      expect(await tags(4)).toBeGreaterThan(await tags(1))
      client.destroy()
    },
    'redis.timeout': () =>
      withSilentServer((url) =>
        expect(get(redis({ url, timeout: '321ms' }))).rejects.toThrow('for 321 ms'),
      ),
    'redis.tracking': async () => {
      const hears = async (dict: AnyAsyncDict) => (await dict.stats()).engine.hears === 1
      await withDict(redis({ tracking: true }), async (dict) => {
        await dict.get('a')
        await until(() => hears(dict))
      })
      await withDict(redis({ tracking: false }), async (dict) => {
        await dict.get('a')
        expect(await hears(dict)).toBe(false)
      })
    },
  }
}

/** The settings of two stores as one. */
export function tieredProofs(server: () => RedisServer): Readonly<Record<string, Proof>> {
  const tiered = (more: Partial<TieredConfig> = {}): TieredConfig => ({
    kind: 'tiered',
    near: 'memory:',
    far: 'memory:',
    ...more,
  })
  const rows = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`key ${at}`, at]))
  /** Copies that the near store dropped. */
  const evicted = (more: Partial<TieredConfig>) =>
    withDict(tiered(more), async (dict) => {
      await dict.setMany(rows(150))
      await dict.getMany(Object.keys(rows(150)))
      return (await dict.stats()).engine.evictedCopies
    })
  /** What a dict does that has a copy, while the far store refuses it: its user was removed. */
  const withoutFar = async (
    onFarError: TieredConfig['onFarError'],
    use: (dict: AnyAsyncDict) => Promise<void>,
  ) => {
    const client = createClient({ url: urlOf(server()) })
    await client.connect()
    await client.sendCommand(['ACL', 'SETUSER', 'far', 'on', '>far', '~*', '&*', '+@all'])
    const url = `redis://far:far@127.0.0.1:${server().port}`
    const far = { kind: 'redis', url, prefix: randomUUID(), timeout: '20s' } as const
    await withDict(tiered({ far, onFarError }), async (dict) => {
      dict.on('error', () => {})
      await dict.set('a', 1)
      await dict.flush()
      // A copy is what was read, once the far store hears of changes.
      await until(async () => {
        const { farReads } = (await dict.stats()).engine
        dict.clearCache()
        await dict.get('a')
        return (await dict.stats()).engine.farReads === farReads
      })
      await client.sendCommand(['ACL', 'DELUSER', 'far'])
      await use(dict)
    })
    client.destroy()
  }
  return {
    'tiered.kind': async () =>
      expect(await withDict(tiered(), async (dict) => (await dict.stats()).store)).toBe('tiered'),
    'tiered.near': async () => {
      const path = inside('near')
      await withDict(tiered({ near: path }), (dict) => dict.set('a', 1))
      expect(existsSync(path)).toBe(true)
    },
    'tiered.far': async () => {
      const far = `sqlite:${inside('far')}`
      await withDict(tiered({ far }), (dict) => dict.set('a', 1))
      expect(await withDict(tiered({ far }), (dict) => dict.get('a'))).toBe(1)
    },
    'tiered.write': async () => {
      // Which a near store in memory cannot: what waits there would be lost.
      await expect(withDict(tiered({ write: 'behind' }), async () => {})).rejects.toThrow(
        OptionError,
      )
      await withDict(tiered({ write: 'through' }), async () => {})
    },
    'tiered.onFarError': async () => {
      await withoutFar('throw', (dict) =>
        until(() =>
          dict.get('a').then(
            () => false,
            () => true,
          ),
        ),
      )
      await withoutFar('serve-near', (dict) =>
        until(async () => {
          expect(await dict.get('a')).toBe(1)
          return ((await dict.stats()).engine.servedNear ?? 0) > 0
        }),
      )
    },
    'tiered.maxRows': async () => {
      expect(await evicted({ maxRows: 100 })).toBeGreaterThan(0)
      expect(await evicted({})).toBe(0)
    },
    'tiered.maxBytes': async () => expect(await evicted({ maxBytes: 1_000 })).toBeGreaterThan(0),
    'tiered.maxQueued': async () => {
      const setting = (maxQueued?: number) =>
        withDict(tiered({ near: inside('near'), write: 'behind', maxQueued }), (dict) =>
          dict.setMany(rows(50)),
        )
      await expect(setting(5)).rejects.toThrow(StoreFullError)
      await setting()
    },
  }
}
