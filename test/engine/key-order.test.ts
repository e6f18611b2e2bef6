/** The order in which pending writes are applied. */
import { expect, test } from 'vitest'
import { keyOrder } from '../../src/engine/key-order.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const SORTS = 300

test('keyOrder() is the order of sort(), whatever the keys have in common', () => {
  const random = randomOf(seedOf('key order'))
  const characters = [
    '',
    'a',
    'b',
    'z',
    '~',
    '\x7f',
    '\0',
    'é',
    'ü',
    '\u{10000}',
    '\ud800',
    '\uffff',
  ]
  for (let run = 0; run < SORTS; run++) {
    const start = Array.from({ length: random.below(4) }, () => random.pick(characters)).join('')
    const length = 1 + random.below(9)
    const count = random.pick([1, 2, 64, 65, 100, 300])
    const some = Array.from({ length: 1 + random.below(characters.length) }, () =>
      random.pick(characters),
    )
    const keys = Array.from({ length: count }, () => {
      const chars = Array.from({ length: random.below(length + 1) }, () => random.pick(some))
      return start + chars.join('')
    })
    const ordered = [...keyOrder(keys)].map((at) => keys[at])
    expect(ordered).toStrictEqual([...keys].sort())
    expect(new Set(keyOrder(keys)).size).toBe(keys.length)
  }
})

test('keyOrder() of more keys than have room beside a long head', () => {
  const keys = Array.from({ length: 70_000 }, (_, n) => `user:${((n * 7919) % 70_000) * 3}`)
  expect([...keyOrder(keys)].map((at) => keys[at])).toStrictEqual([...keys].sort())
})
