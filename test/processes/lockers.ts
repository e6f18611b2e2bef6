/** R6: processes that contend for locks. See children/locker.mjs. */
import { mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { leaseKey } from '../../src/engine/leases/lease-key.js'
import { encodeLease, LEASES } from '../../src/engine/leases/lease-row.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { KeySpace } from '../../src/keys/key-space.js'
import { processIdentity } from '../../src/process-identity.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import type { Random } from '../random.js'
import { type Child, startChild } from './child.js'

const CHILD_DEADLINE_MS = 900_000

/** All are told before it, so that all begin at once. */
const HEAD_START_MS = 15

/** No process has it: pids end at 2^22. */
const NO_PID = 2 ** 22 + 1

/** In what state a lock is when all begin to contend for it. */
export const STATES = ['free', 'stale', 'dead'] as const

export interface LockerOptions {
  /** A name in children/stores.mjs. */
  readonly store: string
  readonly place: string
  readonly processes: number
  /** Use proper-lockfile in this directory: the mutant. */
  readonly rival?: string | undefined
}

export class LockerCrew {
  readonly crew: readonly Child[]
  readonly #options: LockerOptions
  #rounds = 0

  private constructor(options: LockerOptions, crew: readonly Child[]) {
    this.#options = options
    this.crew = crew
  }

  static async start(options: LockerOptions): Promise<LockerCrew> {
    const { store, place, processes, rival } = options
    const settings = JSON.stringify({ store, place, rival })
    const crew = Array.from({ length: processes }, () =>
      startChild('locker.mjs', [settings], { deadlineMs: CHILD_DEADLINE_MS }),
    )
    await Promise.all(crew.map((child) => child.line((line) => line === 'ready')))
    return new LockerCrew(options, crew)
  }

  kill(): void {
    for (const { process } of this.crew) process.kill('SIGKILL')
  }

  /** So many contend for a lock that nobody holds any more; returns how many got it. */
  async race(contenders: number, store: SyncStore, random: Random): Promise<number> {
    const key = `r${this.#rounds++}`
    this.#prepare(key, store, random)
    const crew = this.crew.slice(0, contenders)
    const at = Date.now() + HEAD_START_MS
    const answers = await Promise.all(crew.map((child) => tell(child, { do: 'race', key, at })))
    await Promise.all(crew.map((child) => tell(child, { do: 'drop', key })))
    return answers.filter(({ got }) => got).length
  }

  #prepare(key: string, store: SyncStore, random: Random): void {
    const { rival } = this.#options
    if (rival === undefined) leave(store, key, random.pick(STATES))
    else {
      const directory = join(rival, `${key}.lock`)
      mkdirSync(directory)
      utimesSync(directory, 1, 1)
    }
  }
}

/** Gives a child an order and returns its answer. */
export async function tell(
  child: Child,
  order: { readonly do: string; readonly key: string; readonly [name: string]: unknown },
): Promise<{ readonly got?: boolean; readonly token?: number }> {
  child.process.stdin?.write(`${JSON.stringify(order)}\n`)
  const start = `{"did":"${order.do}","key":"${order.key}"`
  return JSON.parse(await child.line((line) => line.startsWith(start)))
}

/** The row of a lock that somebody has left behind. */
function leave(store: SyncStore, key: string, state: (typeof STATES)[number]): void {
  if (state === 'free') return
  const process = processIdentity()
  const isDead = state === 'dead'
  const row = {
    token: 0,
    beat: 0,
    owner: isDead ? { ...process, pid: NO_PID } : process,
    leaseMs: 60_000,
    deadline: isDead ? Date.now() + 60_000 : 1,
    bootDeadline: isDead ? Number.MAX_SAFE_INTEGER : 1,
    bootId: process.bootId,
    waiters: [],
  }
  const name = leaseKey('lock', new KeySpace([], DEFAULT_KEY_SETTINGS).encode(key))
  store.transaction('committed', (tx) => tx.put(LEASES, name, encodeLease(row), 0))
}
