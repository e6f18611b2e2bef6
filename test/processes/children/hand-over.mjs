/**
 * Two parties of one dict, in processes or threads: the writer changes something, commits, and passes
 * the baton; the reader, which had all keys read and cached before, looks once and must see the change.
 * Each party is one synchronous loop: nothing may depend on its event loop.
 *
 *     hand-over.mjs '{ path, role, rounds, durability, changeClock, batons }'
 *
 * As a thread it finds the same under workerData, with `buffer` for its batons.
 */
import assert from 'node:assert/strict'
import { isMainThread, workerData } from 'node:worker_threads'
import { open } from 'persistdict'
import { fileBaton, sharedBaton, waitUntil } from './baton.mjs'

const settings = isMainThread ? JSON.parse(process.argv[2]) : workerData
const { path, role, rounds, durability, changeClock, batons, buffer } = settings
const there = isMainThread ? fileBaton(batons[0]) : sharedBaton(buffer, 0)
const back = isMainThread ? fileBaton(batons[1]) : sharedBaton(buffer, 1)
const dict = open(path, { durability, lmdb: { changeClock } })

const KEYS = ['a', 'b', 'c', 'missing at first']

/** What the dict holds after each round, as both parties know it. */
const model = new Map()

const STEPS = [
  (target, round) => target.set('a', { round }),
  (target, round) => target.set('b', `text ${round}`),
  (target) => target.delete('a'),
  (target, round) => target.set('missing at first', round),
  (target, round) => target.set('a', [round]),
  (target) => target.delete('missing at first'),
  (target) => target.clear(),
  (target, round) => target.set('c', round),
]

if (role === 'write') write()
else if (role === 'read') read()
else spin()
dict.close()
there.close()
back.close()
console.log(`${role} done`)

function write() {
  for (let round = 1; round <= rounds; round++) {
    STEPS[round % STEPS.length](dict, round)
    dict.flushSync()
    there.pass(round)
    back.await(round)
  }
}

function read() {
  for (let round = 1; round <= rounds; round++) {
    there.await(round)
    STEPS[round % STEPS.length](model, round)
    look(round)
    // Once more, now from the cache; and so that hits and misses are cached for the next round.
    look(round)
    back.pass(round)
  }
}

/** Begins with another key in each round, so that each kind of call is the first one after a commit. */
function look(round) {
  for (let at = 0; at < KEYS.length; at++) {
    const key = KEYS[(round + at) % KEYS.length]
    const expected = model.get(key)
    const kind = (round >> 2) % 4
    if (kind === 0) assert.deepEqual(dict.get(key), expected, `get("${key}") in round ${round}`)
    if (kind === 1) assert.equal(dict.has(key), model.has(key), `has("${key}") in round ${round}`)
    if (kind === 2) assert.deepEqual(dict.getEntry(key)?.value, expected, `round ${round}`)
    if (kind === 3) assert.deepEqual(dict.getMany([key]), [expected], `round ${round}`)
    assert.deepEqual(dict.get(key), expected, `get("${key}") in round ${round}`)
  }
  if (round % 16 !== 0) return
  assert.deepEqual([...dict.keys()].sort(), [...model.keys()].sort())
  assert.equal(dict.size, model.size)
}

/** Reads one cached key over and over until it changes; nothing else tells that it did. */
function spin() {
  for (let round = 1; round <= rounds; round++) {
    STEPS[round % STEPS.length](model, round)
    waitUntil(() => isAsInModel(), `round ${round}`)
    back.pass(round)
  }
}

function isAsInModel() {
  return KEYS.every((key) => {
    const value = dict.get(key)
    return JSON.stringify(value) === JSON.stringify(model.get(key))
  })
}
