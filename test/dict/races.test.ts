/** Another process commits at the worst moment: right before or right after a transaction of ours. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import { asOtherProcess } from '../other-process.js'
import { tempDirectory } from '../processes/temp-directory.js'

type Dict = PersistDict<Record<string, unknown>>

interface Pair {
  readonly dict: Dict
  /** Has the same store open, as if in another process. */
  readonly other: Dict
  /** Runs when the next transaction of `dict` is about to begin. */
  atWorst(meanwhile: () => void): void
  /** Runs when the next transaction of `dict` has just been committed. */
  afterwards(meanwhile: () => void): void
}

const STORES = {
  memory: () => memoryStore(),
  lmdb: () => lmdbStore(`${tempDirectory()}/dict`),
}

function pair(make: () => ReturnType<typeof memoryStore>, durability: 'commit' | 'sync'): Pair {
  const store = make()
  const next: { before?: (() => void) | undefined; after?: (() => void) | undefined } = {}
  const once = (when: 'before' | 'after') => () => {
    const meanwhile = next[when]
    next[when] = undefined
    meanwhile?.()
  }
  const view = asOtherProcess(store, {
    beforeTransaction: once('before'),
    afterTransaction: once('after'),
  })
  const other: Dict = open(store, { durability })
  const dict: Dict = open(view, { durability })
  onTestFinished(() => other.close())
  return {
    dict,
    other,
    atWorst(meanwhile) {
      next.before = meanwhile
    },
    afterwards(meanwhile) {
      next.after = meanwhile
    },
  }
}

describe.each(Object.entries(STORES))('on %s', (_, make) => {
  test.each(['commit', 'sync'] as const)(
    "delete() of what another process has just deleted is false, under '%s'",
    (durability) => {
      const { dict, other, atWorst } = pair(make, durability)
      dict.set('a', 1)
      atWorst(() => expect(other.delete('a')).toBe(true))
      expect(dict.delete('a')).toBe(false)
      expect([dict.size, other.size]).toEqual([0, 0])
    },
  )

  test('update() gets what another process has just set', () => {
    const { dict, other, atWorst } = pair(make, 'commit')
    dict.set('a', ['first'])
    atWorst(() => other.set('a', ['second']))
    dict.update('a', (list) => [...(list as string[]), 'third'])
    expect([dict.get('a'), other.get('a')]).toEqual([
      ['second', 'third'],
      ['second', 'third'],
    ])
  })

  test('increment() adds to what another process has just added', () => {
    const { dict, other, atWorst } = pair(make, 'commit')
    dict.increment('a')
    atWorst(() => other.increment('a', 10))
    expect([dict.increment('a'), dict.get('a'), other.get('a')]).toEqual([12, 12, 12])
  })

  test('compareAndSet() is false after another process has set the same value', () => {
    const { dict, other, atWorst } = pair(make, 'commit')
    dict.set('a', 1)
    const version = dict.getEntry('a')?.version
    atWorst(() => other.set('a', 1))
    expect([dict.compareAndSet('a', version, 2), dict.get('a')]).toEqual([false, 1])
  })

  test('getOrInsert() returns what another process has just inserted', () => {
    const { dict, other, atWorst } = pair(make, 'commit')
    atWorst(() => other.set('a', 'theirs'))
    expect([dict.getOrInsert('a', 'ours'), other.get('a')]).toEqual(['theirs', 'theirs'])
  })

  test('take() of what another process has just taken is undefined', () => {
    const { dict, other, atWorst } = pair(make, 'commit')
    dict.set('a', 1)
    atWorst(() => expect(other.take('a')).toBe(1))
    expect(dict.take('a')).toBeUndefined()
  })

  test('expire() of what another process has just deleted is false', () => {
    const { dict, other, atWorst } = pair(make, 'commit')
    dict.set('a', 1)
    atWorst(() => other.delete('a'))
    expect([dict.expire('a', 1_000), dict.has('a')]).toEqual([false, false])
  })

  test('get() after a compareAndSet() that wrote nothing sees what another process has set since', () => {
    const { dict, other, afterwards } = pair(make, 'commit')
    dict.set('a', 'old')
    expect(dict.get('a')).toBe('old')
    afterwards(() => other.set('a', 'new'))
    expect(dict.compareAndSet('a', -1, 'never')).toBe(false)
    expect(dict.get('a')).toBe('new')
  })

  test('get() after an own set() sees what another process has set since', () => {
    const { dict, other, afterwards } = pair(make, 'commit')
    dict.set('a', 'old')
    expect(dict.get('a')).toBe('old')
    afterwards(() => other.set('a', 'new'))
    dict.set('b', 1)
    expect(dict.get('a')).toBe('new')
  })

  test('get() sees what another process has just set, deleted and cleared, cached or not', () => {
    const { dict, other } = pair(make, 'commit')
    for (let round = 0; round < 100; round++) {
      other.set('a', round)
      expect(dict.get('a')).toBe(round)
      dict.set('own', round)
      expect([dict.get('a'), other.get('own')]).toEqual([round, round])
      if (round % 3 === 0) expect([other.delete('a'), dict.has('a')]).toEqual([true, false])
      if (round % 10 === 0) {
        other.clear()
        expect([dict.get('a'), dict.get('own'), dict.size]).toEqual([undefined, undefined, 0])
      }
    }
  })
})
