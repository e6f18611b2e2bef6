/** maxIdle: entries that nobody uses, by a clock that the test moves. */
import { describe, expect, test } from 'vitest'
import { ClosedError } from '../../src/index.js'
import { FakeClock } from '../fake-clock.js'
import { type Dict, FACES, sizeOf } from './faces.js'

const DAY = 86_400_000
const LONG = 'k'.repeat(600)

describe.each(FACES)('$name', ({ newPlace }) => {
  const opened = async (
    options = {},
  ): Promise<{ dict: Dict; clock: FakeClock; again: () => Promise<Dict> }> => {
    // Ahead of the machine's clock: see time.test.ts.
    const clock = new FakeClock(Date.now() + 1_000)
    const open = newPlace()
    const again = () => open({ clock, background: 'disabled', maxIdle: '30d', ...options })
    return { dict: await again(), clock, again }
  }

  test('an entry that nobody reads or writes for maxIdle goes, and one that is used stays', async () => {
    const { dict, clock } = await opened()
    for (const key of ['read', 'many', 'written', LONG, 'idle', `${LONG}idle`]) {
      await dict.set(key, 1)
    }
    await dict.namespace('n').set('idle', 1)
    clock.advance(20 * DAY)
    expect(await dict.get('read')).toBe(1)
    expect(await dict.get(LONG)).toBe(1)
    expect(await dict.getMany(['many'])).toEqual([1])
    await dict.set('written', 2)
    // These are no uses.
    await dict.has('idle')
    await dict.getEntry('idle')
    clock.advance(10 * DAY)
    // Not early, and not exactly then: times are kept to the hour.
    expect(await dict.sweep()).toBe(0)
    clock.advance(DAY / 8)
    expect(await dict.sweep()).toBe(3)
    expect(await sizeOf(dict)).toBe(4)
    expect(await sizeOf(dict.namespace('n'))).toBe(0)
    clock.advance(20 * DAY)
    expect(await dict.sweep()).toBe(4)
    expect(await sizeOf(dict)).toBe(0)
    expect(await dict.sweep()).toBe(0)
  })

  test('getEntry() tells when an entry was last used, to whoever opens the dict next, too', async () => {
    const { dict, clock, again } = await opened()
    await dict.set('a', 1)
    await dict.set(LONG, 1)
    const start = clock.now()
    expect((await dict.getEntry('a'))?.accessedAt).toBe(start)
    clock.advance(5 * DAY)
    await dict.get('a')
    await dict.get(LONG)
    const read = clock.now()
    expect((await dict.getEntry('a'))?.accessedAt).toBe(read)
    await dict.close()
    let next: Dict
    try {
      next = await again()
    } catch (error) {
      // Stores that are one object cannot be opened again.
      expect(error).toBeInstanceOf(ClosedError)
      return
    }
    for (const key of ['a', LONG]) expect((await next.getEntry(key))?.accessedAt).toBe(read)
  })

  test('entries that went by other ways and came again count from then on', async () => {
    const { dict, clock } = await opened()
    await dict.setMany({ deleted: 1, cleared: 1, kept: 1 })
    clock.advance(29 * DAY)
    await dict.delete('deleted')
    await dict.set('deleted', 2)
    await dict.clear()
    await dict.set('cleared', 2)
    clock.advance(2 * DAY)
    expect(await dict.sweep()).toBe(0)
    expect(await dict.get('cleared')).toBe(2)
    expect((await dict.getEntry('deleted'))?.accessedAt).toBeUndefined()
  })

  test('an idle entry that goes is told as expired, with its value', async () => {
    const { dict, clock } = await opened()
    const told: unknown[] = []
    dict.on('expire', ({ key, value }) => void told.push([key, value]))
    await dict.set('idle', { a: 1 })
    clock.advance(31 * DAY)
    expect(await dict.sweep()).toBe(1)
    clock.advance(0)
    await expect.poll(() => told).toEqual([['idle', { a: 1 }]])
  })
})
