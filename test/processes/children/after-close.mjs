/**
 * `after-close.mjs '{ paths, changeClock }'`: opens and closes dicts over and over, and then does to
 * closed ones all that might touch what LMDB had mapped: reads, handles left behind, timers, garbage
 * collection, exit.
 */
import assert from 'node:assert/strict'
import { ClosedError, open } from 'persistdict'

const { paths, changeClock } = JSON.parse(process.argv[2])
const left = []
for (let round = 0; round < 20; round++) {
  for (const path of paths) {
    const dict = open(path, { lmdb: { changeClock } })
    const iterator = dict.entries()
    const view = dict.object
    dict.set('round', round)
    dict.get('round')
    dict.set('short', round, { ttl: 1 })
    iterator.next()
    const stop = dict.on('error', () => {})
    dict.close()
    left.push({ dict, iterator, view, stop })
  }
  for (const { dict, iterator, view } of left) {
    assert.throws(() => dict.get('round'), ClosedError)
    assert.throws(() => dict.set('round', -1), ClosedError)
    assert.throws(() => dict.stats(), ClosedError)
    assert.throws(() => view.round, ClosedError)
    try {
      iterator.next()
    } catch (error) {
      assert.ok(error instanceof ClosedError)
    }
  }
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 3))
}
console.log('lived')
