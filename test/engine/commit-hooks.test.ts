/** Hooks of the engine: what a committed transaction did, and which entries are read. */
import { describe, expect, test } from 'vitest'
import { ByteLru } from '../../src/cache/byte-lru.js'
import { knownSerializer } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import type { Change } from '../../src/engine/change.js'
import type { CommitHook } from '../../src/engine/commit-hooks.js'
import { Engine } from '../../src/engine/engine.js'
import type { Entry } from '../../src/engine/entry.js'
import { sweep } from '../../src/engine/expired.js'
import { ROWS } from '../../src/engine/row.js'
import type { SetWrite } from '../../src/engine/write.js'
import { DEFAULT_KEY_SETTINGS, type KeySettings } from '../../src/keys/key-settings.js'
import { memoryStore } from '../../src/store/memory.js'
import { FakeClock } from '../fake-clock.js'

const clock = new FakeClock()

function engineOf(settings: Partial<KeySettings> = {}): Engine {
  return new Engine({
    store: memoryStore(),
    codec: new ValueCodec(knownSerializer('msgpack')),
    keySettings: { ...DEFAULT_KEY_SETTINGS, ...settings },
    cache: new ByteLru<Entry>(100, 1e6),
    clock,
    durability: 'batched',
    onError: (error) => {
      throw error
    },
  })
}

function setOf(engine: Engine, key: string, value: unknown, ttlMs = 0, path: string[] = []) {
  const write: SetWrite = {
    kind: 'set',
    space: engine.space(path),
    key,
    payload: engine.codec.encode(key, value),
    expiresAt: ttlMs === 0 ? 0 : clock.now() + ttlMs,
    tags: [],
    isNew: false,
  }
  return write
}

function heard(engine: Engine, hook: Partial<CommitHook> = {}): string[] {
  const log: string[] = []
  engine.hooks.add({
    wantsChanges: () => true,
    committed: (changes) => log.push(...changes.map(shown)),
    ...hook,
  })
  return log
}

function shown({ kind, space, key, entry }: Change): string {
  const place = [...space.path, key].join('/')
  return `${kind} ${place}=${JSON.stringify(entry?.value('copy'))}`
}

describe('a commit hook', () => {
  test('is told of each set, delete, expire, evict and clear, with the value that came or went', () => {
    const engine = engineOf()
    const space = engine.space([])
    const log = heard(engine)
    engine.write([setOf(engine, 'a', 1), setOf(engine, 'b', { n: 2 }, 10)])
    engine.write([setOf(engine, 'c', 3, 10), setOf(engine, 'x', 9, 0, ['in'])])
    expect(log).toEqual([])
    engine.flushSync()
    expect(log.splice(0)).toEqual(['set a=1', 'set b={"n":2}', 'set c=3', 'set in/x=9'])
    engine.delete(space, 'a')
    engine.delete(space, 'missing')
    engine.flushSync()
    expect(log.splice(0)).toEqual(['delete a=1'])
    clock.advance(10)
    engine.write([setOf(engine, 'b', 'new')])
    engine.flushSync()
    expect(log.splice(0)).toEqual(['expire b={"n":2}', 'set b="new"'])
    expect(sweep(engine)).toBe(1)
    expect(log.splice(0)).toEqual(['expire c=3'])
    engine.transaction((session) => session.evict(space, space.encode('b')))
    expect(log.splice(0)).toEqual(['evict b="new"'])
    engine.clear(engine.space(['in']))
    expect(log).toEqual(['clear in/=undefined'])
  })

  test('is told of a long key by its whole name', () => {
    const engine = engineOf({ keySizeLimit: 64, digestBytes: 4 })
    const log = heard(engine)
    const key = 'k'.repeat(200)
    engine.write([setOf(engine, key, 1, 5)])
    engine.flushSync()
    clock.advance(5)
    sweep(engine)
    expect(log).toEqual([`set ${key}=1`, `expire ${key}=1`])
  })

  test('is told nothing of a transaction that was taken back, nor when it wants nothing', () => {
    const engine = engineOf()
    const log = heard(engine)
    const stop = () => {
      throw new Error('stop')
    }
    expect(() => {
      engine.transaction(() => {
        engine.write([setOf(engine, 'a', 1)])
        stop()
      })
    }).toThrow('stop')
    expect(log).toEqual([])
    const deaf = engineOf()
    const nothing = heard(deaf, { wantsChanges: () => false })
    deaf.transaction((session) => {
      deaf.write([setOf(deaf, 'a', 1)])
      expect(session.changes).toBeUndefined()
    })
    expect(nothing).toEqual([])
  })

  test('beforeCommit() sees the changes, may write more of them, and may refuse the commit', () => {
    const engine = engineOf()
    const space = engine.space([])
    const log = heard(engine, {
      beforeCommit: (session) => {
        const keys = (session.changes ?? []).map(({ key }) => key)
        if (keys.includes('bad')) throw new Error('refused')
        if (keys.includes('b')) session.evict(space, space.encode('a'))
      },
    })
    engine.write([setOf(engine, 'a', 1)])
    engine.flushSync()
    engine.write([setOf(engine, 'b', 2)])
    engine.flushSync()
    expect(log).toEqual(['set a=1', 'set b=2', 'evict a=1'])
    expect([engine.has(space, 'a'), engine.has(space, 'b')]).toEqual([false, true])
    expect(engine.store.scan(ROWS, {}, 10)).toHaveLength(1)
    expect(() => {
      engine.transaction(() => engine.write([setOf(engine, 'bad', 1)]))
    }).toThrow('refused')
    expect(engine.has(space, 'bad')).toBe(false)
  })
})

describe('accesses', () => {
  function readsOf(engine: Engine, everyRead: boolean) {
    const log: string[] = []
    const accessed = (_: unknown, key: string) => void log.push(key)
    return { log, stop: engine.accesses.add({ everyRead, accessed }) }
  }

  test('tell of an entry once in an epoch', () => {
    const engine = engineOf()
    const space = engine.space([])
    engine.write([setOf(engine, 'a', 1), setOf(engine, 'b', 2)])
    engine.flushSync()
    const { log, stop } = readsOf(engine, false)
    const read = () => ['a', 'a', 'b', 'a', 'none'].map((key) => engine.value(space, key, 'frozen'))
    read()
    expect(log.splice(0)).toEqual(['a', 'b'])
    read()
    expect(log).toEqual([])
    engine.accesses.renew()
    read()
    expect(log.splice(0)).toEqual(['a', 'b'])
    stop()
    read()
    expect(log).toEqual([])
  })

  test('tell of every read if somebody wants that, of uncommitted entries too', () => {
    const engine = engineOf()
    const space = engine.space([])
    const { log, stop } = readsOf(engine, true)
    engine.write([setOf(engine, 'a', 1)])
    for (let n = 0; n < 3; n++) engine.value(space, 'a', 'frozen')
    engine.transaction(() => engine.value(space, 'a', 'frozen'))
    engine.entry(space, 'a', 'frozen')
    engine.has(space, 'a')
    expect(log).toEqual(['a', 'a', 'a', 'a'])
    stop()
    engine.value(space, 'a', 'frozen')
    expect(log).toHaveLength(4)
  })
})
