/**
 * One of the processes of loaders.ts: its orders, and its number, are its arguments. It says when its store
 * is open, and waits for the word to begin and the word to close.
 */
import { once } from 'node:events'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { type BenchRecord, madeRecords, seededRandom } from '../harness/data.js'
import { KINDS, type SharedKind } from './kinds.js'
import type { Load, LoadOrders } from './loaders.js'

const WRITES = 0.1
const PER_TURN = 20
const NS_PER_MS = 1e6
/** What perf_hooks waits between two looks; a delay counts from there. */
const RESOLUTION_MS = 1

const orders = JSON.parse(process.argv[2] ?? '{}') as LoadOrders
const records = [...madeRecords(seededRandom(orders.recordsSeed), orders.records)]
const random = seededRandom(orders.recordsSeed + 1 + Number(process.argv[3]))
const store = (KINDS[orders.kind] as SharedKind).open(orders.folder)
await say('open')
// Compiles the loop before anything is measured.
await load(1)
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delay.enable()
const operations = await load(orders.seconds)
delay.disable()
await store.done()
const late = (nanoseconds: number) => Math.max(0, nanoseconds / NS_PER_MS - RESOLUTION_MS)
const result: Load = {
  operations,
  p50: late(delay.percentile(50)),
  p99: late(delay.percentile(99)),
  max: late(delay.max),
}
await say(result)
await store.close()
process.disconnect()

/** Resolves at the next word. */
async function say(message: Load | string): Promise<void> {
  const word = once(process, 'message')
  process.send?.(message)
  await word
}

async function load(seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1_000
  let done = 0
  while (performance.now() < end) {
    for (let each = 0; each < PER_TURN; each++) {
      const [key, record] = records[Math.floor(random() * records.length)] as [string, BenchRecord]
      if (random() < WRITES) store.set(key, { ...record, score: done })
      else store.get(key)
    }
    done += PER_TURN
    await new Promise(setImmediate)
  }
  return done
}
