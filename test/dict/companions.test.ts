/** The object view in the hands of what people use with plain objects. */
import assert from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import { expect as jestExpect } from 'expect'
import lodash from 'lodash'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { plain } from '../../src/index.js'
import { opened, STORE_KINDS } from './opened.js'

interface Settings {
  theme: string
  sizes: number[]
  window: { width: number; at: { x: number; y: number } }
}

const settings = (): Settings => ({
  theme: 'dark',
  sizes: [10, 12],
  window: { width: 800, at: { x: 1, y: 2 } },
})

describe.each(STORE_KINDS)('a live view on %s', (kind) => {
  const setUp = () => {
    const dict = opened<Record<string, unknown>>(kind, { initial: settings() as never })
    return { dict, view: dict.object as unknown as Settings }
  }

  test('equals a plain object for Node, Jest and Vitest, in both directions', () => {
    const { view } = setUp()
    assert.deepStrictEqual({ ...view }, settings())
    expect(isDeepStrictEqual({ ...view }, settings())).toBe(true)
    jestExpect(view).toEqual(settings())
    jestExpect(settings()).toEqual(view)
    jestExpect(view).toStrictEqual(settings())
    jestExpect(view.window).toStrictEqual(settings().window)
    jestExpect(view).not.toEqual({ ...settings(), theme: 'light' })
    expect(view).toEqual(settings())
    expect(view).toStrictEqual(settings())
    expect(settings()).toStrictEqual(view)
  })

  test('lodash merge(), set(), unset(), cloneDeep(), isPlainObject(), get() and isEqual() work on it', () => {
    const { dict, view } = setUp()
    lodash.merge(view, { window: { at: { y: 9 } }, sizes: [11] })
    lodash.set(view, 'window.at.z', 3)
    lodash.set(view, 'fresh.list[1]', 'one')
    lodash.unset(view, 'window.width')
    const changed = {
      theme: 'dark',
      sizes: [11, 12],
      window: { at: { x: 1, y: 9, z: 3 } },
      fresh: { list: [undefined, 'one'] },
    }
    expect(dict.toObject()).toEqual(changed)
    expect(lodash.get(view, 'window.at.z')).toBe(3)
    expect(lodash.isPlainObject(view)).toBe(true)
    expect(lodash.isPlainObject(view.window)).toBe(true)
    expect(lodash.isEqual(view, changed)).toBe(true)
    const clone = lodash.cloneDeep(view)
    clone.window.at.x = 100
    expect(view.window.at.x).toBe(1)
    expect(lodash.cloneDeep(view)).toEqual(changed)
  })

  test('lodash merge() of hostile input pollutes no prototype', () => {
    const { dict, view } = setUp()
    const hostile = JSON.parse(
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "window": {"__proto__": {"polluted": 1}}}',
    )
    lodash.merge(view, hostile)
    Object.assign(view.window, JSON.parse('{"__proto__": {"polluted": 1}}'))
    dict.set('loaded', JSON.parse('{"__proto__": {"polluted": 1}}'))
    for (const prototype of [Object.prototype, null]) {
      const other = dict.asObject({ prototype }) as Record<string, Record<string, unknown>>
      for (const key of Object.keys(other)) void other[key]?.polluted
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(Object.getPrototypeOf(view.window)).toBe(Object.prototype)
  })

  test('zod parses it, and what it parses is plain', () => {
    const { view } = setUp()
    const schema = z.object({
      theme: z.enum(['dark', 'light']),
      sizes: z.array(z.number()),
      window: z.object({ width: z.number(), at: z.object({ x: z.number(), y: z.number() }) }),
    })
    expect(structuredClone(schema.parse(view))).toEqual(settings())
    expect(schema.safeParse({ ...view, theme: 1 }).success).toBe(false)
  })

  test('structuredClone() takes plain(view) and views of frozen values; a live part is a Proxy, which it refuses', () => {
    const { dict, view } = setUp()
    expect(structuredClone(plain(view))).toEqual(settings())
    expect(structuredClone({ ...dict.asObject({ values: 'frozen' }) })).toEqual(settings())
    expect(
      structuredClone({ ...view, window: plain(view.window), sizes: [...view.sizes] }),
    ).toEqual(settings())
    expect(() => structuredClone(view.window)).toThrow(/could not be cloned/)
  })

  test('Object.groupBy-like loops, for-in, entries and destructuring see it as it is', () => {
    const { view } = setUp()
    const { theme, ...rest } = view
    expect([theme, rest]).toEqual(['dark', { sizes: [10, 12], window: settings().window }])
    const names: string[] = []
    for (const name in view) names.push(name)
    expect(names).toEqual(['theme', 'sizes', 'window'])
    expect(Object.fromEntries(Object.entries(view))).toEqual(settings())
    expect(JSON.parse(JSON.stringify(view))).toEqual(settings())
  })
})
