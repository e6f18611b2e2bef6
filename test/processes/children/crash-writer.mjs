/**
 * `crash-writer.mjs SETTINGS`: writes until it is killed, and keeps a log outside the store: what it
 * found, what it is about to do, and what was acknowledged. Each line is one write(2), so that it is in
 * the file even if the next instruction never runs.
 *
 *     {"found": {"a 3": 7}, "transactions": 2}   what the store held when this life began; null is torn
 *     {"n": 8, "ops": [["a 3", 8], ["a 5", null]], "transaction": true}
 *                                                 intent: values to set, null to delete
 *     {"done": 8}                                 acknowledged: this write and all before it
 *     {"at": "put"}                               waits there to be killed
 *     {"backup": "…"}                             a complete copy, to be looked at
 *     {"wrong": "…"}                              a promise that was not kept
 *
 * Each transaction adds one to its writer's own count and to a total of all writers, and checks that the
 * total is the sum of the counts.
 */
import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { open, PersistDictError } from 'persistdict'
import { withPoints, withSplitIndexes } from './faulty-store.mjs'
import { storeAt } from './store-at.mjs'

const settings = JSON.parse(process.argv[2])
const { place, log, name, names, durability, point, mutant } = settings
const descriptor = openSync(log, 'a')
const append = (line) => writeSync(descriptor, `${JSON.stringify(line)}\n`)

let state = settings.seed
const random = (below) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return (state >>> 8) % below
}
const nap = new Int32Array(new SharedArrayBuffer(4))

/** The length depends on the number, so that a value torn from two writes is seen. */
const recordOf = (n) => ({ n, text: `${n} `.repeat(n % 700), end: n })
const keys = Array.from({ length: 12 }, (_, at) => `${name} ${at}`)
/** The last four live in a namespace, whose count is another row. */
const homeOf = (dict, key) => (Number(key.split(' ')[1]) < 8 ? dict : dict.namespace('inner'))

/** Passes at the point before it stops there: the first ones belong to opening. */
let passes = 1 + random(12)
let isSweeping = false
let n = settings.next
let dict = openDict()

/** Points inside a long work beside the writing. */
const UPKEEP = {
  compacting: () => dict.compact(),
  'backing up': async () => {
    const copy = `${log} backup ${n}`
    await dict.backup(copy)
    append({ backup: copy })
  },
}
const upkeep = UPKEEP[point]
// There are few of them, and some come only when all the rest is done.
if (upkeep !== undefined) passes = 1 + random(20)

tellFound()
if (upkeep !== undefined) void keepUp()
for (; ; n++) {
  step()
  if (upkeep === undefined && random(40) === 0) {
    dict.close()
    append({ done: n })
    dict = openDict()
  }
  // A turn of the event loop: pending writes may be committed by themselves.
  if (random(upkeep === undefined ? 8 : 2) === 0) await new Promise(setImmediate)
}

/** One after the other, until one of its steps is the last. */
async function keepUp() {
  subscribe('persistdict:lmdb:upkeep', () => reach(point))
  for (;;) {
    try {
      await upkeep()
    } catch (error) {
      // Somebody else is at it.
      if (!(error instanceof PersistDictError)) append({ wrong: String(error) })
    }
    await new Promise(setImmediate)
  }
}

function openDict() {
  const isAcknowledgedEarly = mutant === 'early'
  let store = storeAt(place)
  if (point !== undefined) store = withPoints(store, reach)
  if (mutant === 'split') store = withSplitIndexes(store)
  return open(store, { durability: isAcknowledgedEarly ? 'batched' : durability })
}

function reach(at) {
  const isHere = at === point || (point === 'sweeping' && at === 'deleted' && isSweeping)
  if (!isHere || --passes > 0) return
  append({ at: point })
  Atomics.wait(nap, 0, 0)
}

function tellFound() {
  const found = {}
  for (const key of keys) {
    const value = homeOf(dict, key).get(key)
    if (value === undefined) continue
    const isWhole = JSON.stringify(value) === JSON.stringify(recordOf(value.n))
    found[key] = isWhole ? value.n : null
  }
  append({ found, transactions: dict.get(countKey(name)) ?? 0 })
}

function step() {
  const choice = random(20)
  if (choice === 0) return sweep()
  const several = choice > 10
  const ops = Array.from({ length: several ? 2 + random(3) : 1 }, () => {
    const key = keys[random(keys.length)]
    return [key, random(4) === 0 ? null : n]
  })
  append({ n, ops, transaction: several })
  if (several) dict.transaction(() => transact(ops))
  else change(ops[0])
  // Of no use to anybody a moment later: work for sweeps.
  if (random(3) === 0) dict.set(`${name} mortal ${random(20)}`, n, { ttl: 1 + random(30) })
  if (mutant === 'early') append({ done: n })
  else if (several || durability !== 'batched') append({ done: n })
  else if (random(2) === 0) {
    dict.flushSync()
    append({ done: n })
  }
}

function transact(ops) {
  for (const op of ops) change(op)
  dict.increment(countKey(name))
  const total = dict.increment('total')
  const counts = names.map((each) => dict.get(countKey(each)) ?? 0)
  const sum = counts.reduce((all, count) => all + count, 0)
  if (total !== sum) append({ wrong: `the total is ${total}, and the counts are ${counts}` })
}

function change([key, value]) {
  const home = homeOf(dict, key)
  if (value === null) home.delete(key)
  else if (random(6) === 0) home.update(key, () => recordOf(value))
  else home.set(key, recordOf(value), { ttl: random(2) ? '1d' : null })
}

function countKey(writer) {
  return `count of ${writer}`
}

function sweep() {
  isSweeping = true
  dict.sweep()
  isSweeping = false
}
