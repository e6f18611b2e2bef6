/** Live values: what the object view hands out, and what becomes of changes inside. */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  ConflictError,
  dictOf,
  InvalidValueError,
  open,
  plain,
  StoreFullError,
  type UnpersistableValueError,
} from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { opened, STORE_KINDS } from './opened.js'

interface User {
  name: string
  list: number[]
  nested: { deep: { n: number } }
  [extra: string]: unknown
}

const ada = (): User => ({ name: 'Ada', list: [1, 2], nested: { deep: { n: 1 } } })

describe.each(STORE_KINDS)('live values on %s', (kind) => {
  const setUp = () => {
    const dict = opened<Record<string, User>>(kind)
    dict.object.user = ada()
    return { dict, view: dict.object as Record<string, User> & { user: User } }
  }

  test('reading a property twice gives one object', () => {
    const { view } = setUp()
    expect(view.user).toBe(view.user)
    expect(view.user.nested.deep).toBe(view.user.nested.deep)
  })

  test('changes at any depth are there at the next read through the dict, and after a reload', async () => {
    const { dict, view } = setUp()
    view.user.nested.deep.n = 2
    view.user.list.push(3)
    delete view.user.extra
    expect(dict.get('user')).toEqual({ ...ada(), nested: { deep: { n: 2 } }, list: [1, 2, 3] })
    await dict.flush()
    dict.clearCache()
    expect(dict.get('user')?.list).toEqual([1, 2, 3])
  })

  test('many changes in one synchronous stretch are one write', async () => {
    const { dict, view } = setUp()
    await dict.flush()
    const { version } = dict.getEntry('user') as { version: number }
    const before = dict.stats().commits
    for (let n = 0; n < 100; n++) view.user.nested.deep.n = n
    await dict.flush()
    expect(dict.stats().commits).toBe(before + 1)
    expect(dict.getEntry('user')?.version).toBeGreaterThan(version)
  })

  test('a change that changes nothing writes nothing', async () => {
    const { dict, view } = setUp()
    await dict.flush()
    const before = dict.getEntry('user')?.version
    view.user.name = 'Ada'
    view.user.list.push(9)
    view.user.list.pop()
    view.user.nested = plain(view.user.nested)
    await dict.flush()
    expect(dict.getEntry('user')?.version).toBe(before)
  })

  test('assigning another value detaches old handles, which never resurrect', async () => {
    const { dict, view } = setUp()
    const old = view.user
    view.user = { ...ada(), name: 'Grace' }
    old.name = 'ghost'
    old.list.push(99)
    await dict.flush()
    expect(old.name).toBe('ghost')
    expect(dict.get('user')).toEqual({ ...ada(), name: 'Grace' })
  })

  test('deleting the key, by whatever way, detaches handles', async () => {
    const { dict, view } = setUp()
    for (const remove of [
      () => Reflect.deleteProperty(view, 'user'),
      () => dict.delete('user'),
      () => dict.clear(),
    ]) {
      view.user = ada()
      const old = view.user
      remove()
      old.name = 'ghost'
      await dict.flush()
      expect(dict.has('user')).toBe(false)
    }
  })

  test('assignment copies: the original stays a stranger', () => {
    const { dict, view } = setUp()
    const original = ada()
    view.user = original
    original.name = 'changed outside'
    expect(dict.get('user')?.name).toBe('Ada')
    view.user.copy = original
    original.list.push(7)
    expect(dict.get('user')).toHaveProperty('copy.list', [1, 2])
  })

  test('a part assigned within its value is shared, and still is after a reload', async () => {
    const { dict, view } = setUp()
    view.user.alias = view.user.nested
    view.user.self = view.user
    view.user.nested.deep.n = 5
    expect((view.user.alias as User['nested']).deep.n).toBe(5)
    await dict.flush()
    dict.clearCache()
    const loaded = dict.get('user') as User
    expect(loaded.self).toBe(loaded)
    expect(loaded.alias).toBe(loaded.nested)
  })

  test('Maps and Sets inside are real ones, and their changes are saved', () => {
    const { dict, view } = setUp()
    view.user.map = new Map([['k', { n: 1 }]])
    view.user.set = new Set([1])
    const map = view.user.map as Map<string, { n: number }>
    const set = view.user.set as Set<number>
    ;(map.get('k') as { n: number }).n = 2
    map.set('new', { n: 3 })
    set.add(2).delete(1)
    expect(
      isDeepStrictEqual(
        view.user.map,
        new Map([
          ['k', { n: 2 }],
          ['new', { n: 3 }],
        ]),
      ),
    ).toBe(true)
    expect(dict.get('user')?.map).toEqual(
      new Map([
        ['k', { n: 2 }],
        ['new', { n: 3 }],
      ]),
    )
    expect(dict.get('user')?.set).toEqual(new Set([2]))
  })

  test('a Date as an item of a Set or a key of a Map can be found, replaced and deleted', () => {
    const { dict, view } = setUp()
    view.user.set = new Set([new Date(1), new Date(2)])
    view.user.map = new Map([[new Date(3), { n: 1 }]])
    const set = view.user.set as Set<Date>
    const map = view.user.map as Map<Date, { n: number }>
    const [first] = set
    expect(set.add(first as Date).size).toBe(2)
    expect(set.delete(first as Date)).toBe(true)
    const [key] = map.keys()
    map.set(key as Date, { n: 2 })
    expect(dict.get('user')?.set).toEqual(new Set([new Date(2)]))
    expect(dict.get('user')?.map).toEqual(new Map([[new Date(3), { n: 2 }]]))
    expect(map.delete(key as Date)).toBe(true)
    expect(dict.get('user')?.map).toEqual(new Map())
  })

  test('leaves are values: changing one in place changes a copy', () => {
    const { dict, view } = setUp()
    view.user.born = new Date(0)
    ;(view.user.born as Date).setFullYear(2000)
    expect(dict.get('user')?.born).toEqual(new Date(0))
    expect(view.user.born).toEqual(new Date(0))
  })

  test('what cannot be stored is refused at the assignment, with its path', () => {
    const { dict, view } = setUp()
    const refused = (assign: () => void): string => {
      try {
        assign()
      } catch (error) {
        return (error as UnpersistableValueError).path
      }
      throw new Error('nothing was refused')
    }
    expect(refused(() => (view.user.fn = () => {}))).toBe('fn')
    expect(refused(() => (view.user.nested.deep.n = Symbol('n') as never))).toBe('nested.deep.n')
    expect(refused(() => (view.user.a = { b: [1, Promise.resolve()] }))).toBe('a.b[1]')
    expect(refused(() => view.user.list.push((() => {}) as never))).toBe('list[2]')
    expect(dict.get('user')).toEqual(ada())
  })

  test('a transaction that fails takes changes of live values back, parts included', () => {
    const { dict, view } = setUp()
    const { deep } = view.user.nested
    const attempt = () =>
      dict.transaction(() => {
        deep.n = 9
        expect(dict.get('user')?.nested.deep.n).toBe(9)
        throw new Error('back')
      })
    expect(attempt).toThrow('back')
    expect(deep.n).toBe(1)
    expect(dict.get('user')).toEqual(ada())
    deep.n = 2
    expect(dict.get('user')?.nested.deep.n).toBe(2)
  })

  test('the deadline and the tags of an entry stay when its live value changes', () => {
    const { dict, view } = setUp()
    const expiresAt = Date.now() + 1_000_000
    dict.set('user', ada(), { expiresAt, tags: ['t'] })
    view.user.name = 'Ada L.'
    expect(dict.getEntry('user')).toMatchObject({
      expiresAt,
      tags: ['t'],
      value: { name: 'Ada L.' },
    })
  })

  test('live objects work as plain ones: JSON, spread, equality, array methods', () => {
    const { view } = setUp()
    expect(view.user).toEqual(ada())
    expect(view.user).toStrictEqual(ada())
    expect(JSON.stringify(view)).toBe(JSON.stringify({ user: ada() }))
    expect(Array.isArray(view.user.list)).toBe(true)
    view.user.list.push(0)
    expect(view.user.list.sort().map((n) => n * 2)).toEqual([0, 2, 4])
    expect({ ...view.user.nested }).toEqual({ deep: { n: 1 } })
    expect(structuredClone(plain(view))).toEqual({ user: { ...ada(), list: [0, 1, 2] } })
    expect(() => Object.freeze(view.user)).toThrow(TypeError)
    expect(() => Object.setPrototypeOf(view.user, {})).toThrow(TypeError)
    expect(() => Object.defineProperty(view.user, 'x', { get: () => 1 })).toThrow(TypeError)
  })
})

test('another process or handle changes a value: the next read through the view shows it, in the same objects', () => {
  const store = memoryStore()
  const first = open<Record<string, User>>(store)
  first.object.user = ada()
  const user = first.object.user as User
  const { deep } = user.nested
  first.flushSync()
  // What a foreign commit does: a store transaction that this engine did not make.
  foreignSet(store, { ...ada(), nested: { deep: { n: 7 } } })
  expect(first.object.user).toBe(user)
  expect(deep.n).toBe(7)
  deep.n = 8
  expect(first.get('user')?.nested.deep.n).toBe(8)
  first.close()
})

test("onConflict: 'throw' refuses a change of a value that somebody else has changed", () => {
  const store = memoryStore()
  const dict = open<Record<string, User>>(store, { onConflict: 'throw' })
  dict.object.user = ada()
  const user = dict.object.user as User
  dict.flushSync()
  foreignSet(store, { ...ada(), name: 'theirs' })
  expect(() => {
    user.name = 'ours'
  }).toThrow(ConflictError)
  expect(dict.get('user')?.name).toBe('theirs')
  expect((dict.object.user as User).name).toBe('theirs')
  user.name = 'ours, seen theirs'
  expect(dict.get('user')?.name).toBe('ours, seen theirs')
  dict.close()
})

test("onConflict: 'throw' still sees a conflict when the changed value is read again in between", () => {
  const store = memoryStore()
  const dict = open<Record<string, User>>(store, { onConflict: 'throw' })
  dict.object.user = ada()
  const user = dict.object.user as User
  dict.flushSync()
  user.name = 'ours'
  foreignSet(store, { ...ada(), name: 'theirs' })
  expect((dict.object.user as User).name).toBe('ours')
  expect(() => dict.flushSync()).toThrow(ConflictError)
  expect(dict.get('user')?.name).toBe('theirs')
  dict.close()
})

test.each(['batched', 'sync'] as const)(
  'a write of a live value that fails under %s is not lost: the next flush writes it',
  (durability) => {
    const store = memoryStore()
    let isFull = false
    const failing = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (isFull && name === 'transaction') throw new StoreFullError('full')
          return member.apply(target, args)
        }
      },
    })
    const dict = open<Record<string, User>>(failing, { durability })
    dict.object.user = ada()
    dict.flushSync()
    isFull = true
    ;(dict.object.user as User).name = 'later'
    expect(() => dict.flushSync()).toThrow(StoreFullError)
    isFull = false
    dict.flushSync()
    expect(dict.stats().pendingWrites).toBe(0)
    dict.clearCache()
    expect(dict.get('user')?.name).toBe('later')
    dict.close()
  },
)

test('a schema checks live values when they are written; a refused change is taken back', async () => {
  const schema = z.object({ name: z.string(), list: z.array(z.number()).max(3) }).loose()
  const dict = opened<Record<string, User>>('memory', { schema })
  dict.object.user = ada()
  const user = dict.object.user as User
  user.list.push(3)
  expect(dict.get('user')?.list).toEqual([1, 2, 3])
  const heard: unknown[] = []
  dict.on('error', (error) => heard.push(error))
  user.list.push(4)
  await Promise.resolve()
  expect(heard).toEqual([expect.any(InvalidValueError)])
  expect(user.list).toEqual([1, 2, 3])
  user.list.push(5)
  expect(() => dict.get('user')).toThrow(InvalidValueError)
  expect(dict.get('user')?.list).toEqual([1, 2, 3])
})

test('dictOf() finds the dict of a view; asObject() makes views with frozen values or copies', () => {
  const dict = opened<Record<string, User>>('memory')
  dict.set('user', ada())
  expect(dictOf(dict.object)).toBe(dict)
  expect(() => dictOf({})).toThrow(TypeError)
  const frozen = dict.asObject({ values: 'frozen' }) as { user: User }
  expect(() => {
    frozen.user.name = 'x'
  }).toThrow(TypeError)
  expect(structuredClone({ ...frozen })).toEqual({ user: ada() })
  const copies = dict.asObject({ values: 'copy' }) as { user: User }
  copies.user.name = 'only here'
  expect(dict.get('user')?.name).toBe('Ada')
  const bare = dict.asObject({ prototype: null })
  expect('toString' in bare).toBe(false)
  expect(Object.getPrototypeOf(bare)).toBe(null)
})

/** Commits through the store itself, as another process would. */
function foreignSet(store: ReturnType<typeof memoryStore>, value: User): void {
  const scratchStore = memoryStore()
  const scratch = open<Record<string, User>>(scratchStore)
  scratch.set('user', value)
  scratch.flushSync()
  const key = Buffer.from('\u0001user')
  const record = scratchStore.get('rows', key) as Uint8Array
  store.transaction('synced', (tx) => tx.put('rows', key, record, 0))
  scratch.close()
}
