/** The dict as a plain object: every trap, and everything that looks at objects. */
import assert from 'node:assert'
import { inspect, isDeepStrictEqual, types } from 'node:util'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { plain } from '../../src/dict/plain.js'
import { ClosedError } from '../../src/errors/open-errors.js'
import { OptionError } from '../../src/errors/option-error.js'
import { UnpersistableValueError } from '../../src/errors/value-errors.js'
import { open } from '../../src/open/open.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newStore, opened, STORE_KINDS } from './opened.js'

// As strings, since TypeScript knows what these names mean on every object.
const TO_STRING: string = 'toString'
const CONSTRUCTOR: string = 'constructor'
const PROTO: string = '__proto__'

describe.each(STORE_KINDS)('on %s', (kind) => {
  const viewOf = (entries: Record<string, unknown> = {}): Record<string, unknown> => {
    const dict = opened<Record<string, unknown>>(kind)
    dict.setMany(entries)
    return dict.object as Record<string, unknown>
  }

  test('get and set of properties are get() and set() of the dict', () => {
    const dict = opened(kind)
    const view = dict.object as Record<string, unknown>
    view.a = 1
    view['odd name'] = [1]
    dict.set('b', 2)
    expect([dict.get('a'), dict.get('odd name'), view.b, view.missing]).toEqual([
      1,
      [1],
      2,
      undefined,
    ])
    view.a = null
    expect([view.a, dict.has('a')]).toEqual([null, true])
    view.n = (view.n as number | undefined) ?? 0
    view.n = (view.n as number) + 5
    expect(dict.get('n')).toBe(5)
    expect(dict.object).toBe(view)
  })

  test('set of undefined, a function or a symbol throws at the assignment', () => {
    const view = viewOf({ a: 1 })
    for (const bad of [undefined, () => 1, Symbol('s'), Promise.resolve()]) {
      expect(() => {
        view.a = bad
      }).toThrow(UnpersistableValueError)
    }
    expect({ ...view }).toEqual({ a: 1 })
  })

  test('set of the view itself is refused', () => {
    const view = viewOf({ a: 1 })
    expect(() => {
      view.self = view
    }).toThrow(UnpersistableValueError)
  })

  test('set of a copy of the view stores the copy', () => {
    const view = viewOf({ a: { b: 1 } })
    view.copy = { ...view }
    expect({ ...view }).toEqual({ a: { b: 1 }, copy: { a: { b: 1 } } })
  })

  test('in sees entries, and what every object inherits', () => {
    const view = viewOf({ a: 1, nothing: null })
    expect(['a' in view, 'nothing' in view, 'b' in view]).toEqual([true, true, false])
    expect(['toString' in view, 'constructor' in view, '__proto__' in view]).toEqual([
      true,
      true,
      true,
    ])
    expect([Symbol.iterator in view, inspect.custom in view]).toEqual([false, true])
  })

  test('get of an inherited name inherits, until an entry has that name', () => {
    const view = viewOf()
    expect(view.toString).toBe(Object.prototype.toString)
    expect(String(view)).toBe('[object Object]')
    expect(Object.hasOwn(view, 'toString')).toBe(false)
    view[TO_STRING] = 'mine'
    expect([view.toString, Object.hasOwn(view, 'toString')]).toEqual(['mine', true])
    expect(delete view[TO_STRING]).toBe(true)
    expect(view.toString).toBe(Object.prototype.toString)
    expect([view.constructor, view.then, view.toJSON]).toEqual([Object, undefined, undefined])
  })

  test('delete is true, also for what is not there', () => {
    const view = viewOf({ a: 1 })
    expect([delete view.a, delete view.a, delete view.never, delete view[TO_STRING]]).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect([view.a, Object.keys(view)]).toEqual([undefined, []])
    expect(Reflect.deleteProperty(view, Symbol('s'))).toBe(true)
  })

  test('ownKeys gives array indices ascending, then the others as they came', () => {
    const view = viewOf()
    for (const key of ['b', '10', 'a', '9', '-1', '01', '4294967295', '4294967294', ''])
      view[key] = 1
    const order = ['9', '10', '4294967294', 'b', 'a', '-1', '01', '4294967295', '']
    expect(Object.keys(view)).toEqual(order)
    expect(Reflect.ownKeys(view)).toEqual(order)
    expect(Object.getOwnPropertyNames(view)).toEqual(order)
    expect(Object.getOwnPropertySymbols(view)).toEqual([])
  })

  test('for-in walks the entries and nothing else', () => {
    const view = viewOf({ b: 1, a: 2 })
    const keys: string[] = []
    for (const key in view) keys.push(key)
    expect(keys).toEqual(['b', 'a'])
  })

  test('getOwnPropertyDescriptor is that of an assigned property', () => {
    const view = viewOf({ a: 1 })
    expect(Object.getOwnPropertyDescriptor(view, 'a')).toEqual({
      value: 1,
      writable: true,
      enumerable: true,
      configurable: true,
    })
    expect(Object.getOwnPropertyDescriptor(view, 'b')).toBeUndefined()
    expect(Object.getOwnPropertyDescriptor(view, 'toString')).toBeUndefined()
    expect(Object.getOwnPropertyDescriptor(view, inspect.custom)).toBeUndefined()
    expect(Object.getOwnPropertyDescriptors(view)).toEqual(
      Object.getOwnPropertyDescriptors({ a: 1 }),
    )
    expect(Object.prototype.propertyIsEnumerable.call(view, 'a')).toBe(true)
  })

  test('hasOwn and hasOwnProperty tell entries from what is inherited', () => {
    const view = viewOf({ a: 1 })
    expect([Object.hasOwn(view, 'a'), Object.hasOwn(view, 'b')]).toEqual([true, false])
    // biome-ignore lint/suspicious/noPrototypeBuiltins: old code calls it so
    expect([view.hasOwnProperty('a'), view.hasOwnProperty('toString')]).toEqual([true, false])
  })

  test('defineProperty with a full data descriptor stores the value', () => {
    const view = viewOf()
    const full = { writable: true, enumerable: true, configurable: true }
    expect(Object.defineProperty(view, 'a', { value: 1, ...full })).toBe(view)
    expect(Object.defineProperties(view, { b: { value: 2, ...full } })).toBe(view)
    expect({ ...view }).toEqual({ a: 1, b: 2 })
  })

  test('defineProperty on an entry may leave the rest as it is', () => {
    const view = viewOf({ a: 1 })
    Object.defineProperty(view, 'a', { value: 2 })
    Object.defineProperty(view, 'a', { enumerable: true })
    Object.defineProperty(view, 'a', {})
    expect({ ...view }).toEqual({ a: 2 })
  })

  test.each([
    ['a getter', { get: () => 1 }, /getter or setter.*Assign/],
    ['a setter', { set: () => {}, configurable: true }, /getter or setter/],
    [
      'writable: false',
      { value: 1, writable: false, enumerable: true, configurable: true },
      /non-writable.*Assign the value/,
    ],
    [
      'enumerable: false',
      { value: 1, writable: true, enumerable: false, configurable: true },
      /non-enumerable/,
    ],
    [
      'configurable: false',
      { value: 1, writable: true, enumerable: true, configurable: false },
      /non-configurable/,
    ],
    ['nothing but a value', { value: 1 }, /non-writable/],
  ])(
    'defineProperty of a new name with %s is a TypeError that says what to do',
    (_name, descriptor, message) => {
      const view = viewOf()
      expect(() => Object.defineProperty(view, 'new', descriptor)).toThrow(TypeError)
      expect(() => Object.defineProperty(view, 'new', descriptor)).toThrow(message)
      expect(Object.keys(view)).toEqual([])
    },
  )

  test('getPrototypeOf is Object.prototype, and setPrototypeOf refuses any other', () => {
    const view = viewOf({ a: 1 })
    expect(Object.getPrototypeOf(view)).toBe(Object.prototype)
    expect(view instanceof Object).toBe(true)
    expect(Object.setPrototypeOf(view, Object.prototype)).toBe(view)
    expect(() => Object.setPrototypeOf(view, null)).toThrow(/prototype of a persistent object/)
    expect(() => Object.setPrototypeOf(view, { b: 1 })).toThrow(TypeError)
  })

  test('isExtensible is true, and freeze, seal and preventExtensions say why not', () => {
    const view = viewOf({ a: 1 })
    expect([Object.isExtensible(view), Object.isFrozen(view), Object.isSealed(view)]).toEqual([
      true,
      false,
      false,
    ])
    for (const refuse of [Object.freeze, Object.seal, Object.preventExtensions]) {
      expect(() => refuse(view)).toThrow(/cannot be frozen, sealed or made non-extensible/)
    }
    view.b = 2
    expect({ ...view }).toEqual({ a: 1, b: 2 })
  })

  test('symbols are never stored: assigning one says so, reading one is undefined', () => {
    const view = viewOf() as Record<PropertyKey, unknown>
    const mark = Symbol('mark')
    expect(() => {
      view[mark] = 1
    }).toThrow(/Symbol\(mark\) is a symbol/)
    expect(() => Object.defineProperty(view, mark, { value: 1 })).toThrow(/symbol/)
    expect([view[mark], view[Symbol.toStringTag], view[Symbol.toPrimitive]]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([mark in view, Reflect.ownKeys(view)]).toEqual([false, []])
  })

  test('JSON.stringify is that of a plain object', () => {
    const plain = { b: [1, { c: null }], 2: 'two', a: 'ü', d: new Date(0) }
    expect(JSON.stringify(viewOf(plain))).toBe(JSON.stringify(plain))
    expect(JSON.stringify({ inside: viewOf(plain) }, null, 2)).toBe(
      JSON.stringify({ inside: plain }, null, 2),
    )
  })

  test('spread, Object.assign, entries, values and fromEntries copy it', () => {
    const plain = { b: 1, a: [2], 7: null }
    const view = viewOf(plain)
    expect({ ...view }).toEqual(plain)
    expect(Object.assign({}, view)).toEqual(plain)
    expect(Object.entries(view)).toEqual(Object.entries(plain))
    expect(Object.values(view)).toEqual(Object.values(plain))
    expect(Object.fromEntries(Object.entries(view))).toEqual(plain)
    const { b, ...rest } = view
    expect([b, rest]).toEqual([1, { a: [2], 7: null }])
    expect(Object.assign(view, { c: 3, b: 4 })).toBe(view)
    expect({ ...view }).toEqual({ ...plain, b: 4, c: 3 })
  })

  test('structuredClone of a copy of flat values works', () => {
    expect(structuredClone({ ...viewOf({ a: 1, b: 'two' }) })).toEqual({ a: 1, b: 'two' })
  })

  test('structuredClone of live values takes plain() of them first', () => {
    const view = viewOf({ a: { list: [1] }, when: new Date(5) })
    expect(structuredClone(plain(view))).toEqual({ a: { list: [1] }, when: new Date(5) })
    expect(structuredClone(plain(view.a))).toEqual({ list: [1] })
    const frozen = opened(kind)
      .set('a', { list: [1] })
      .asObject({ values: 'frozen' })
    expect(structuredClone({ ...frozen })).toEqual({ a: { list: [1] } })
  })

  test('equality: assert, isDeepStrictEqual and toEqual see a plain object', () => {
    const plain = { a: 1, b: [{ c: 2 }] }
    const view = viewOf(plain)
    assert.deepStrictEqual({ ...view }, plain)
    assert.deepEqual(view, plain)
    assert.notDeepStrictEqual({ ...view }, { a: 1 })
    expect(isDeepStrictEqual({ ...view }, plain)).toBe(true)
    expect(view).toEqual(plain)
    expect(view).toStrictEqual(plain)
    expect(view).not.toEqual({ a: 1 })
    expect(view).toMatchObject({ b: [{ c: 2 }] })
    expect(view).toHaveProperty('b.0.c', 2)
    expect(plain).toEqual(view)
    expect(viewOf()).toEqual({})
  })

  test('zod parses it as an object', () => {
    const schema = z.object({ a: z.number(), b: z.array(z.string()) })
    expect(schema.parse(viewOf({ a: 1, b: ['x'] }))).toEqual({ a: 1, b: ['x'] })
    expect(z.record(z.string(), z.number()).parse(viewOf({ a: 1 }))).toEqual({ a: 1 })
  })

  test('await of a view gives the view: it is not thenable', async () => {
    const view = viewOf({ a: 1 })
    expect(await view).toBe(view)
    expect(await Promise.resolve(view)).toBe(view)
  })

  test('inspect shows the entries as those of a plain object', () => {
    const plain = { a: 1, b: { c: [2] } }
    expect(inspect(viewOf(plain))).toBe(inspect(plain))
    expect(inspect({ deep: { deeper: { deepest: viewOf(plain) } } })).toBe(
      inspect({ deep: { deeper: { deepest: plain } } }),
    )
    expect(inspect(viewOf())).toBe('{}')
    expect(inspect(viewOf(JSON.parse('{"__proto__":1}')))).toBe("{ ['__proto__']: 1 }")
  })

  test('inspect of many entries shows the first hundred, and reads few more', () => {
    const { store, rowsRead } = counted(newStore(kind))
    using dict = open<Record<string, number>>(store, { background: 'disabled' })
    // Making a file takes a hundred times as long as a row.
    const many = kind === 'file' ? 1_000 : 20_000
    dict.setMany(Array.from({ length: many }, (_, at) => [`k${at}`, at]))
    dict.flushSync()
    const before = rowsRead()
    const text = inspect(dict.object)
    expect(rowsRead() - before).toBeGreaterThan(100)
    expect(rowsRead() - before).toBeLessThan(400)
    expect(text.length).toBeLessThan(5_000)
    expect(text).toMatch(/more entries\n\}$/)
    expect(text.match(/k\d+:/g)).toHaveLength(100)
  })

  test('Object.create(view) inherits entries and keeps its own properties to itself', () => {
    const view = viewOf({ a: 1 })
    const child = Object.create(view) as Record<string, unknown>
    expect([child.a, 'a' in child, Object.hasOwn(child, 'a'), child.b]).toEqual([
      1,
      true,
      false,
      undefined,
    ])
    child.a = 'own'
    child.b = () => 'not even storable'
    child.__proto__x = 1
    expect([child.a, view.a, view.b, Object.keys(child)]).toEqual([
      'own',
      1,
      undefined,
      ['a', 'b', '__proto__x'],
    ])
    expect(Object.keys(view)).toEqual(['a'])
  })

  test('Reflect.set with another receiver sets there, by the rules of the language', () => {
    const view = viewOf({ a: 1 })
    const other: Record<string, unknown> = {}
    expect(Reflect.set(view, 'a', 2, other)).toBe(true)
    expect([other.a, view.a]).toEqual([2, 1])
    Object.defineProperty(other, 'hidden', {
      value: 1,
      writable: true,
      enumerable: false,
      configurable: true,
    })
    expect(Reflect.set(view, 'hidden', 2, other)).toBe(true)
    expect(Object.getOwnPropertyDescriptor(other, 'hidden')).toMatchObject({
      value: 2,
      enumerable: false,
    })
    expect(Reflect.set(view, 'a', 2, Object.freeze({ a: 0 }))).toBe(false)
    expect(Reflect.set(view, 'a', 2, 5)).toBe(false)
    expect(
      Reflect.set(view, 'a', 2, {
        get a() {
          return 1
        },
      }),
    ).toBe(false)
    expect({ ...view }).toEqual({ a: 1 })
  })

  test('Reflect.set of a live value with another receiver leaves the live value alone', () => {
    const view = viewOf({ a: { n: 1 } })
    const live = view.a as Record<string, unknown>
    const child = Object.create(live) as Record<string, unknown>
    child.n = 2
    expect([child.n, live.n, Reflect.set(live, 'n', 3, 5)]).toEqual([2, 1, false])
  })

  test('Reflect.get with another receiver still reads the entry', () => {
    expect(Reflect.get(viewOf({ a: 1 }), 'a', {})).toBe(1)
  })

  test('Reflect.set of one view with another view as receiver sets in that one', () => {
    const one = viewOf({ a: 1 })
    const two = viewOf()
    expect(Reflect.set(one, 'a', 2, two)).toBe(true)
    expect([{ ...one }, { ...two }]).toEqual([{ a: 1 }, { a: 2 }])
  })

  test('a Proxy around a view works like the view', () => {
    const view = viewOf()
    const wrapped = new Proxy(view, {})
    wrapped.a = 1
    expect([wrapped.a, view.a, Object.keys(wrapped), delete wrapped.a, view.a]).toEqual([
      1,
      1,
      ['a'],
      true,
      undefined,
    ])
  })

  test('__proto__ is data, and pollutes nothing', () => {
    const dict = opened(kind)
    const view = dict.object as Record<string, unknown>
    view[PROTO] = { polluted: true }
    expect(Object.getPrototypeOf(view)).toBe(Object.prototype)
    expect(view.polluted).toBeUndefined()
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect([Object.keys(view), dict.get('__proto__')]).toEqual([['__proto__'], { polluted: true }])
    const copy = { ...view }
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(Object.hasOwn(copy, '__proto__')).toBe(true)
    expect(JSON.stringify(view)).toBe('{"__proto__":{"polluted":true}}')
    expect(delete view[PROTO]).toBe(true)
    expect(Object.keys(view)).toEqual([])
  })

  test('paths through constructor.prototype end in data', () => {
    const view = viewOf()
    view[CONSTRUCTOR] = { prototype: { polluted: true } }
    const merge = (target: Record<string, unknown>, source: object): void => {
      for (const [key, value] of Object.entries(source)) {
        if (typeof value === 'object' && Object.hasOwn(target, key)) {
          merge(target[key] as Record<string, unknown>, value)
        } else {
          target[key] = value
        }
      }
    }
    merge(view, JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}}}'))
    expect([({} as { a?: 1 }).a, ({} as { b?: 1 }).b, ({} as { polluted?: 1 }).polluted]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(view.constructor).toEqual({ prototype: { polluted: true, b: 2 } })
  })

  test('Array.isArray, typeof and types know it for an object', () => {
    const view = viewOf()
    expect([
      Array.isArray(view),
      typeof view,
      types.isProxy(view),
      Object.prototype.toString.call(view),
    ]).toEqual([false, 'object', true, '[object Object]'])
  })

  test('asObject() hands out frozen values, copies or live ones', () => {
    const dict = opened<Record<string, { n: number[] }>>(kind)
    dict.set('a', { n: [1] })
    const frozen = dict.asObject({ values: 'frozen' })
    const copies = dict.asObject({ values: 'copy' })
    expect(() => frozen.a?.n.push(2)).toThrow(TypeError)
    copies.a?.n.push(2)
    expect(dict.get('a')).toEqual({ n: [1] })
    dict.asObject({ values: 'live' }).a?.n.push(2)
    expect([dict.get('a'), frozen.a, copies.a]).toEqual([
      { n: [1, 2] },
      { n: [1, 2] },
      { n: [1, 2] },
    ])
    expect(() => dict.asObject({ values: 'dead' as never })).toThrow(OptionError)
    expect(() => dict.asObject({ vales: 'live' } as never)).toThrow(/Did you mean "values"/)
  })

  test('asObject() with prototype null inherits nothing', () => {
    const dict = opened(kind)
    const view = dict.asObject({ prototype: null }) as Record<string, unknown>
    view.a = 1
    view[TO_STRING] = 2
    expect(['hasOwnProperty' in view, view.constructor, view.toString]).toEqual([
      false,
      undefined,
      2,
    ])
    expect(Object.getPrototypeOf(view)).toBeNull()
    expect(inspect(dict.asObject({ prototype: null }))).toMatch(/a: 1/)
  })

  test('namespaces have views of their own', () => {
    const dict = opened(kind)
    const inner = dict.namespace('inner').object as Record<string, unknown>
    inner.a = 1
    expect([Object.keys(dict.object), Object.keys(inner)]).toEqual([[], ['a']])
  })

  test('a closed view throws ClosedError, and console.log of one does not', () => {
    const dict = opened(kind)
    const view = dict.object as Record<string, unknown>
    view.a = 1
    dict.close()
    for (const use of [
      () => view.a,
      () => 'a' in view,
      () => Object.keys(view),
      () => delete view.a,
      () => ({ ...view }),
    ]) {
      expect(use).toThrow(ClosedError)
    }
    expect(inspect(view)).toBe('[closed PersistDict object]')
  })
})

test('a view keeps its entries and their order over a reopen', () => {
  const path = `${tempDirectory()}/dict`
  const keys = ['b', '10', 'a', '9', '', '__proto__', 'ü']
  {
    using dict = open(path)
    for (const key of keys)
      Object.assign(dict.object, JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(key)}}`))
  }
  using dict = open(path)
  expect(Object.keys(dict.object)).toEqual(['9', '10', 'b', 'a', '', '__proto__', 'ü'])
})

/** A store that counts the rows that are read from it. */
function counted(inner: SyncStore): { store: SyncStore; rowsRead: () => number } {
  let rows = 0
  const walk: SyncStore['walk'] = (bucket, range, limit, visit) =>
    inner.walk(bucket, range, limit, (...row) => {
      rows++
      return visit(...row)
    })
  const store = new Proxy(inner, {
    get(_, name) {
      if (name === 'walk') return walk
      const member: unknown = Reflect.get(inner, name, inner)
      return typeof member === 'function' ? member.bind(inner) : member
    },
  })
  return { store, rowsRead: () => rows }
}
