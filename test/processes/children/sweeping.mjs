/**
 * `sweeping.mjs PATH WAY`: opens a dict in which much is due, and does that, or ends that way, while the
 * thread that sweeps is at work.
 */
import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'persistdict'

const [path, way] = process.argv.slice(2)
const DUE = 4_000
const filled = open(path, { background: 'disabled', durability: 'commit' })
filled.set('lasting', 1)
const entries = Array.from({ length: DUE }, (_, at) => [`due ${at}`, at])
filled.namespace('due').setMany(entries, { ttl: 1 })
filled.close()
const owners = () => readdirSync(join(path, 'owners')).length

const dict = open(path)
let removed = 0
let isFirst = true
subscribe('persistdict:sweep', (message) => {
  removed += message.removed
  if (!isFirst) return
  isFirst = false
  setImmediate(WAYS[way])
})
// The timers of the library hold no process: somebody has to wait.
const waiting = setInterval(() => {}, 1_000)

const WAYS = {
  wait() {
    const look = setInterval(() => {
      if (removed < DUE || owners() > 1) return
      assert.equal(removed, DUE)
      assert.equal(dict.stats().commits, 0, 'this thread committed nothing')
      assert.deepEqual([...dict.namespaces()], [])
      clearInterval(look)
      end()
      dict.close()
    }, 10)
  },
  write() {
    for (let count = 1; count <= 50; count++) assert.equal(dict.increment('count'), count)
    end()
    dict.close()
  },
  close() {
    dict.close()
    assert.equal(owners(), 0)
    end()
  },
  'end by itself': () => end(),
  exit: () => process.exit(0),
  throw() {
    throw new Error('on purpose')
  },
  'exit in a transaction'() {
    dict.transaction(() => {
      dict.set('half', 'done')
      // Long enough for the thread to want its turn.
      const until = performance.now() + 100
      while (performance.now() < until);
      process.exit(0)
    })
  },
}

function end() {
  console.log('done')
  clearInterval(waiting)
}
