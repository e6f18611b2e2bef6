/**
 * One process of an open storm; see ../storm.ts.
 *
 *     storm.mjs '{ role, path, name, stop, durability, changeClock, gapMs, isRaw }'
 *
 * Whatever its role, it owns one counter, which nobody else touches. Each transaction checks that the
 * counter is what this process last wrote, and writes the next. With `isRaw` it does so with lmdb as it
 * comes, without the library: the mutant that the storm must catch.
 */
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { open as openLmdb } from 'lmdb'
import { open } from 'persistdict'

const settings = JSON.parse(process.argv[2])
const { role, name, stop, durability, changeClock, gapMs, isRaw } = settings
const nap = new Int32Array(new SharedArrayBuffer(4))

/** Looking for the end after so many commits keeps a writer at its work. */
const COMMITS_PER_LOOK = 20

let commits = 0
let opens = 0

const openTarget = isRaw ? openRaw : openOurs
const ROLES = { write, reopen, first, verify }
await ROLES[role]()

async function write() {
  const target = openTarget(settings.path)
  let last = 0
  while (!existsSync(stop)) {
    for (let at = 0; at < COMMITS_PER_LOOK; at++) last = step(target, last)
  }
  await target.close()
  report(last)
}

async function reopen() {
  let last = 0
  while (!existsSync(stop)) {
    const target = openTarget(settings.path)
    last = step(target, last)
    await target.close()
    Atomics.wait(nap, 0, 0, gapMs)
  }
  report(last)
}

/** Each line of the input is a path that is opened for the first time, by several processes at once. */
async function first() {
  console.log('ready')
  for await (const path of createInterface({ input: process.stdin })) {
    let last = 0
    for (let at = 0; at < 3; at++) {
      const target = openTarget(path)
      last = step(target, last)
      last = step(target, last)
      await target.close()
    }
    console.log(`done ${path} ${last}`)
  }
}

/** The counters of all processes, as an uninvolved process finds them. */
async function verify() {
  const target = openTarget(settings.path)
  console.log(JSON.stringify(target.all()))
  await target.close()
}

function step(target, last) {
  target.transaction(() => {
    const found = target.get(name) ?? 0
    if (found !== last) throw new Error(`lost: ${name} wrote ${last} and found ${found}`)
    target.set(name, last + 1)
  })
  const found = target.get(name)
  if (found !== last + 1) throw new Error(`unseen: ${name} wrote ${last + 1} and read ${found}`)
  commits++
  return last + 1
}

function openOurs(path) {
  opens++
  const dict = open(path, { durability, lmdb: { changeClock } })
  return {
    transaction: (fn) => dict.transaction(fn),
    get: (key) => dict.get(key),
    set: (key, value) => dict.set(key, value),
    all: () => dict.toObject(),
    close: () => dict.close(),
  }
}

function openRaw(path) {
  opens++
  const root = openLmdb({ path })
  return {
    transaction: (fn) => root.transactionSync(fn),
    get: (key) => root.get(key),
    set: (key, value) => root.put(key, value),
    all: () => Object.fromEntries([...root.getRange({})].map(({ key, value }) => [key, value])),
    close: () => root.close(),
  }
}

function report(last) {
  console.log(JSON.stringify({ name, last, commits, opens }))
}
