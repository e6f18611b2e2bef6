/** watch(): the changes of all processes. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EntryEvent } from '../../src/dict/events/entry-event.js'
import type { WatchEvent } from '../../src/dict/events/watch.js'
import { FakeClock } from '../fake-clock.js'
import { type Dict, FACES, failure } from './faces.js'

function shown(event: WatchEvent | undefined): string {
  if (event === undefined) return 'ended'
  if (event.event === 'resync') return 'resync'
  if (event.event === 'clear') return `clear ${event.namespace.join('/')}`
  const { key, namespace, value } = event as EntryEvent
  return `${event.event} ${[...namespace, key].join('/')}=${JSON.stringify(value)}`
}

async function taken(watch: AsyncIterator<WatchEvent>, count: number): Promise<string[]> {
  const events: string[] = []
  while (events.length < count) events.push(shown((await watch.next()).value))
  return events
}

/** A watch that ends with the test, however that ends. */
function watching(dict: Dict, ...args: Parameters<Dict['watch']>): AsyncIterator<WatchEvent> {
  const watch = dict.watch(...args)
  onTestFinished(() => void watch.return?.())
  return watch
}

describe.each(FACES)('$name', ({ newPlace, hasOrder, isBehind }) => {
  const inOrder = (events: string[]) => (hasOrder ? events : events.toSorted())

  test('watch() yields what is committed from its call on, with values', async () => {
    const dict = await newPlace()()
    await dict.set('before', 0)
    await dict.flush()
    const watch = watching(dict)
    await dict.set('a', { n: 1 })
    await dict.set('b', 2)
    await dict.namespace('n').set('c', 3)
    await dict.flush()
    expect(inOrder(await taken(watch, 3))).toEqual(['set a={"n":1}', 'set b=2', 'set n/c=3'])
    await dict.delete('a')
    await dict.flush()
    expect(await taken(watch, 1)).toEqual(['delete a={"n":1}'])
    await dict.namespace('n').clear()
    expect(await taken(watch, 1)).toEqual(['clear n'])
    await dict.set('after', 1)
    await dict.flush()
    expect(await taken(watch, 1)).toEqual(['set after=1'])
  })

  test('watch() tells of long keys, too, and of a batch as a whole', async () => {
    const dict = await newPlace()()
    const long = 'x'.repeat(2_000)
    const watch = watching(dict)
    await dict.setMany([
      [long, 1],
      ['short', 2],
    ])
    await dict.flush()
    expect((await taken(watch, 2)).toSorted()).toEqual(['set short=2', `set ${long}=1`])
    await dict.deleteMany([long, 'short', 'none'])
    await dict.flush()
    expect((await taken(watch, 2)).toSorted()).toEqual(['delete short=2', `delete ${long}=1`])
  })

  test('watch() of a namespace or a range sees that alone', async () => {
    const dict = await newPlace()()
    const inner = dict.namespace('n')
    const within = watching(inner)
    const ranged = watching(dict, { gt: 'b', lte: 'd' })
    const prefixed = watching(dict, { prefix: 'k' })
    for (const key of ['a', 'b', 'c', 'd', 'e', 'k1', 'k2']) await dict.set(key, 1)
    await inner.set('c', 2)
    await inner.namespace('deep').set('k', 3)
    await dict.flush()
    expect(inOrder(await taken(within, 2))).toEqual(['set n/c=2', 'set n/deep/k=3'])
    expect(inOrder(await taken(ranged, 2))).toEqual(['set c=1', 'set d=1'])
    expect(inOrder(await taken(prefixed, 2))).toEqual(['set k1=1', 'set k2=1'])
    for (const range of [{ limit: 5 }, { prefx: 'k' }]) {
      expect(await failure(() => dict.watch(range as never))).toMatchObject({
        code: 'ERR_PERSISTDICT_OPTION',
      })
    }
  })

  test('watch() tells of an entry that expired or was set over, with the value that went', async () => {
    const clock = new FakeClock(Date.now() + 1_000)
    const dict = await newPlace()({ clock, background: 'disabled' })
    await dict.set('a', 1, { ttl: 60_000 })
    await dict.set('b', 2, { ttl: 60_000 })
    await dict.flush()
    const watch = watching(dict)
    clock.advance(60_000)
    await dict.set('a', 'new')
    await dict.flush()
    // Of what is sent later, the last change of a key is told.
    const first = isBehind ? [] : ['expire a=1']
    expect(await taken(watch, first.length + 1)).toEqual([...first, 'set a="new"'])
    await dict.sweep()
    await dict.flush()
    expect(await taken(watch, 1)).toEqual(['expire b=2'])
  })

  test('watch() coalesces: of many sets of one key, the last one comes', async () => {
    const dict = await newPlace()()
    const watch = watching(dict)
    for (let n = 0; n < 12; n++) await dict.set('a', n)
    await dict.flush()
    const events: string[] = []
    while (events.at(-1) !== 'set a=11') events.push(...(await taken(watch, 1)))
    expect(events.length).toBeLessThanOrEqual(12)
  })

  test('watch() ends with return(), its signal, and close()', async () => {
    const dict = await newPlace()()
    const controller = new AbortController()
    const watches = [dict.watch(), dict.watch({}, { signal: controller.signal }), dict.watch()]
    const ends = watches.map((watch) => watch.next())
    await watches[0]?.return?.()
    controller.abort()
    await dict.set('a', 1)
    await dict.flush()
    expect(shown((await ends[2])?.value)).toBe('set a=1')
    const last = watches[2]?.next()
    await dict.close()
    for (const end of [ends[0], ends[1], last]) {
      expect(await end).toEqual({ done: true, value: undefined })
    }
  })
})
