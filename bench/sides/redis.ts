/** Sides on one Redis server, which keeps nothing on disk and ends with the last of them. */
import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import { Packr } from 'msgpackr'
import { type AsyncOpenOptions, type AsyncPersistDict, openAsync } from 'persistdict'
import { redisStore } from 'persistdict/redis'
import { BasicClientSideCache, createClient } from 'redis'
import { startRedis } from '../../test/redis/server.js'
import type { Side } from '../harness/case.js'
import type { BenchRecord, Records } from '../harness/data.js'

/** As sides/kind.ts has it, but connected, and under a prefix instead of in a folder. */
export interface Remote<T> {
  open(url: string, prefix: string): Promise<T>
  set(store: T, key: string, value: BenchRecord): Promise<unknown>
  get(store: T, key: string): Promise<BenchRecord | undefined>
  close(store: T): Promise<unknown>
}

type Run<T> = (store: T, remote: Remote<T>) => Promise<number>

/** A server, and how to make sides on it; all of them are made before the first one runs. */
export async function redisSides() {
  const server = await startRedis()
  let users = 0

  /** A side whose store holds these records. */
  return function onRedis<T>(name: string, remote: Remote<T>, records: Records, run: Run<T>): Side {
    const prefix = `side${users++}`
    let store: T | undefined
    const opened = () => {
      if (store === undefined) throw new Error(`${name} runs before prepare().`)
      return store
    }
    return {
      name,
      async prepare() {
        if (store !== undefined) return
        store = await remote.open(server.url, prefix)
        for (const [key, value] of records) await remote.set(store, key, value)
      },
      run: () => run(opened(), remote),
      read: (key) => remote.get(opened(), key),
      async close() {
        if (store !== undefined) await remote.close(store)
        if (--users === 0) await server.stop()
      },
    }
  }
}

type Dict = AsyncPersistDict<Record<string, BenchRecord>>
type Options = AsyncOpenOptions<Record<string, BenchRecord>, string>

/** Our side; without tracking every read goes to the server. */
export function persistdictOnRedis(tracking: boolean, options: Options = {}): Remote<Dict> {
  return {
    async open(url, prefix) {
      const store = redisStore({ url, prefix, tracking })
      return openAsync<Record<string, BenchRecord>>(store, options)
    },
    set: (dict, key, value) => dict.set(key, value),
    get: (dict, key) => dict.get(key) as Promise<BenchRecord | undefined>,
    close: (dict) => dict.close(),
  }
}

/** Keyv with its Redis adapter: JSON, no cache of its own. */
export function keyvOnRedis(): Remote<Keyv<BenchRecord>> {
  return {
    async open(url, prefix) {
      return new Keyv<BenchRecord>(new KeyvRedis<BenchRecord>(url), { namespace: prefix })
    },
    set: (keyv, key, value) => keyv.set(key, value),
    get: (keyv, key) => keyv.get<BenchRecord>(key),
    close: (keyv) => keyv.disconnect(),
  }
}

const packr = new Packr({ useRecords: false })

interface Bare {
  readonly prefix: string
  readonly get: (key: string) => Promise<Buffer | null>
  readonly set: (key: string, value: Buffer) => Promise<unknown>
  readonly close: () => void
}

/** node-redis itself, values as MessagePack. */
export function nodeRedis(): Remote<Bare> {
  return {
    async open(url, prefix) {
      const client = await createClient({ url }).connect()
      const bytes = client.withTypeMapping({ 36: Buffer })
      return {
        prefix,
        get: (key) => bytes.get(key),
        set: (key, value) => client.set(key, value),
        close: () => client.destroy(),
      }
    },
    set: ({ set, prefix }, key, value) => set(`${prefix}:${key}`, packr.pack(value)),
    async get({ get, prefix }, key) {
      const bytes = await get(`${prefix}:${key}`)
      return bytes === null ? undefined : (packr.unpack(bytes) as BenchRecord)
    },
    close: async ({ close }) => close(),
  }
}

interface Cached {
  readonly prefix: string
  readonly get: (key: string) => Promise<string | null>
  readonly set: (key: string, value: string) => Promise<unknown>
  readonly close: () => void
}

/** node-redis with its client-side cache, which keeps what came from the server: values as JSON. */
export function nodeRedisCached(): Remote<Cached> {
  return {
    async open(url, prefix) {
      const clientSideCache = new BasicClientSideCache({ maxEntries: 10_000 })
      const client = await createClient({ url, RESP: 3, clientSideCache }).connect()
      return {
        prefix,
        get: (key) => client.get(key),
        set: (key, value) => client.set(key, value),
        close: () => client.destroy(),
      }
    },
    set: ({ set, prefix }, key, value) => set(`${prefix}:${key}`, JSON.stringify(value)),
    async get({ get, prefix }, key) {
      const text = await get(`${prefix}:${key}`)
      return text === null ? undefined : (JSON.parse(text) as BenchRecord)
    },
    close: async ({ close }) => close(),
  }
}
