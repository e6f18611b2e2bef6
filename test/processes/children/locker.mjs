/**
 * Does with locks what it is told on stdin, and says what came of it.
 *
 *     locker.mjs {"store":"lmdb, commit","place":…}
 *     < {"do":"race","key":"r1","at":1700000000000}      tries to get a lock at an instant, and keeps it
 *     < {"do":"drop"}                                     gives it back
 *     < {"do":"loop","key":"k","rounds":10,"tasks":2,"flag":path}   locks again and again
 *     < {"do":"freeze","key":"k","lease":300,"how":"stop"}          stops while holding a lock, then writes
 *     < {"do":"freeze","key":"k","lease":300,"how":"block","until":path}   blocks until there is that file
 *
 * With "rival" in the settings, `race` uses proper-lockfile on that directory instead.
 */
import { closeSync, existsSync, openSync, unlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import lockfile from 'proper-lockfile'
import { OPENERS } from './stores.mjs'

const { store, place, rival } = JSON.parse(process.argv[2])
const dict = await OPENERS[store](place)
const say = (answer) => console.log(JSON.stringify(answer))
/** So long before they begin, they stop sleeping: a timer may come late. */
const AWAKE_MS = 3
const nap = new Int32Array(new SharedArrayBuffer(4))
let release = async () => {}
console.log('ready')

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line)
  await follow(order)
}
dict.close()

async function follow(order) {
  if (order.do === 'race') return race(order)
  if (order.do === 'drop') {
    await release()
    return say({ did: 'drop', key: order.key })
  }
  if (order.do === 'loop') return loop(order)
  return freeze(order)
}

async function race({ key, at }) {
  // All begin in the same millisecond, as far as the system lets them.
  await pause(Math.max(0, at - Date.now() - AWAKE_MS))
  while (Date.now() < at);
  release = async () => {}
  if (rival !== undefined) {
    const options = { stale: 2_000, retries: 0, realpath: false, onCompromised() {} }
    const free = await lockfile.lock(`${rival}/${key}`, options).catch(() => undefined)
    if (free !== undefined) release = () => free().catch(() => {})
    return say({ did: 'race', key, got: free !== undefined })
  }
  const lock = await dict.tryLock(key)
  if (lock !== undefined) release = () => lock.release()
  return say({ did: 'race', key, got: lock !== undefined, token: lock?.token })
}

/** Each holder makes a file that must not be there, which tells of a second owner. */
async function loop({ key, rounds, tasks, flag, holdMs = 1 }) {
  const held = []
  let doubles = 0
  const task = async () => {
    for (let round = 0; round < rounds; round++) {
      await dict.withLock(key, async ({ token }) => {
        try {
          closeSync(openSync(flag, 'wx'))
        } catch {
          doubles++
        }
        held.push(token)
        await pause(holdMs)
        unlinkSync(flag)
      })
    }
  }
  await Promise.all(Array.from({ length: tasks }, task))
  say({ did: 'loop', key, held, doubles })
}

async function freeze({ key, lease, how, until }) {
  const lock = await dict.lock(key, { lease })
  say({ did: 'lock', token: lock.token })
  await pause(10)
  if (how === 'stop') process.kill(process.pid, 'SIGSTOP')
  else while (!existsSync(until)) Atomics.wait(nap, 0, 0, 5)
  let refusal
  try {
    dict.transaction(() => {
      dict.set(key, 'written by the sleeper')
      lock.assertHeld()
    })
  } catch (error) {
    refusal = error.code
  }
  while (!lock.lost.aborted) await pause(5)
  say({ did: 'freeze', refusal, lost: lock.lost.reason.code, released: await lock.release() })
}
