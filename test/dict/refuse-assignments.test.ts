/** What is assigned to the dict itself, where its object view was meant, must not be lost in silence. */
import { expect, test, vi } from 'vitest'
import { asyncMemoryStore, memoryStore } from '../../src/memory.js'
import { mirror } from '../../src/open/mirror.js'
import { open } from '../../src/open/open.js'
import { openAsync } from '../../src/open/open-async.js'
import { opened } from './opened.js'

const MESSAGE =
  /would not be saved\. Use its set\(\), or assign to its object view, such as dict\.object/

const assign = (dict: object, name: string | symbol) => () => {
  ;(dict as Record<string | symbol, unknown>)[name] = 'value'
}

test('an assignment of a new property to a dict, of whatever kind, throws', async () => {
  await using far = await openAsync(asyncMemoryStore())
  await using near = await openAsync(memoryStore())
  const copy = await mirror(far)
  const dict = opened('lmdb')
  const closed = opened('memory')
  closed.close()
  const all = [dict, dict.namespace('within'), closed, far, far.namespace('within'), near]
  for (const one of [...all, copy, copy.dict]) {
    for (const name of ['theme', 'length', 'toString', '__proto__', '0']) {
      expect(assign(one, name)).toThrow(TypeError)
      expect(assign(one, name)).toThrow(MESSAGE)
      // Where errors of the language are not thrown, too.
      expect(() => new Function('dict', 'name', 'dict[name] = 1')(one, name)).toThrow(MESSAGE)
    }
    expect(() => Object.assign(one, { theme: 'dark' })).toThrow(MESSAGE)
    expect(Object.hasOwn(one, 'theme')).toBe(false)
    expect(one).toBeInstanceOf(Object)
    expect(String(one)).toBe('[object Object]')
  }
  await copy.close()
})

test('a dict may be marked with symbols, and its methods be watched by tests', () => {
  using dict = open(memoryStore())
  const mark = Symbol('mark')
  assign(dict, mark)()
  expect((dict as unknown as Record<symbol, unknown>)[mark]).toBe('value')
  const get = vi.spyOn(dict, 'get')
  dict.get('a')
  expect(get).toHaveBeenCalledOnce()
})
