/**
 * Asks for values that several processes compute once, round by round as told on stdin. Each
 * computation is a line of the log, written before it begins; whoever wrote the first of a round may be
 * told to misbehave in its middle.
 *
 *     flight.mjs {"store":"lmdb, batched","place":…,"log":…,"mutant":"blind"}
 *     < {"key":"r1","asks":50,"leader":"kill","lease":2000}
 *     > {"key":"r1","values":{"r1 4711":50},"errors":{}}
 *
 * `mutant` "blind": the second look, under the lease, sees nothing. Needs tsx, and is on LMDB.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { OPENERS } from './stores.mjs'

const { store, place, log, mutant } = JSON.parse(process.argv[2])

const dict = mutant === 'blind' ? await blindDict() : await OPENERS[store](place)
const name = String(process.pid)
console.log('ready')

for await (const line of createInterface({ input: process.stdin })) void round(JSON.parse(line))
dict.close()

/** Of the sources: in what is built, the class has no name outside. */
async function blindDict() {
  const { ScopeHost } = await import('../../../src/dict/scope-host.ts')
  const { open } = await import('../../../src/index.ts')
  ScopeHost.prototype.kept = () => undefined
  return open(place)
}

async function round({ key, asks, leader, lease, computeMs = 5, timeout = 120_000 }) {
  const ask = () =>
    dict.getOrSet(
      key,
      async () => {
        const isLeader = begin(key)
        await pause(computeMs)
        if (isLeader && leader === 'kill') process.kill(process.pid, 'SIGKILL')
        // The process stops in the middle of this, outside of any transaction.
        if (isLeader && leader === 'stop') process.kill(process.pid, 'SIGSTOP')
        if (isLeader && leader === 'throw') throw new Error('thrown on purpose')
        return `${key} ${name}`
      },
      { lease, timeout },
    )
  const results = await Promise.allSettled(Array.from({ length: asks }, ask))
  const values = {}
  const errors = {}
  for (const { status, value, reason } of results) {
    const counts = status === 'fulfilled' ? values : errors
    const what = status === 'fulfilled' ? value : reason.message
    counts[what] = (counts[what] ?? 0) + 1
  }
  console.log(JSON.stringify({ key, values, errors }))
}

/** Notes that a computation begins; whether it is the first of its round. */
function begin(key) {
  appendFileSync(log, `${key} ${name}\n`)
  const first = readFileSync(log, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${key} `))
  return first === `${key} ${name}`
}
