/**
 * Processes killed at random instants: what was acknowledged is there, what was under way is there as a
 * whole or not at all, and the next open works. `SEED=…` replays the choices; the instant within a
 * commit at which the kernel kills cannot be replayed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { open } from 'persistdict'
import { expect, test } from 'vitest'
import { type Random, randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { startChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

type Op = readonly [key: string, n: number | null]
type Line = { readonly n: number; readonly ops: readonly Op[] } | { readonly done: number }

const WRITERS = ['a', 'b'] as const
/** Writes that a writer has behind it, at most, when it is killed; none means: while it opens. */
const MOST_WRITES = 30

test("set() and transaction() under 'sync' survive SIGKILL at any instant, whole or not at all", async () => {
  await killWriters(randomOf(seedOf("kills under 'sync'")), ['sync'], 14)
}, 120_000)

test('set(), flush() and transaction() of mixed durabilities survive SIGKILL of one of two writers', async () => {
  await killWriters(
    randomOf(seedOf('kills of mixed durabilities')),
    ['batched', 'commit', 'sync'],
    6,
  )
}, 120_000)

async function killWriters(
  random: Random,
  durabilities: readonly string[],
  rounds: number,
): Promise<void> {
  const base = tempDirectory()
  const path = join(base, 'dict')
  const oracles = WRITERS.map((name) => ({
    name,
    next: 1,
    states: new Map<string, number | null>(),
  }))
  let kills = 0
  for (let round = 0; round < rounds; round++) {
    const writers = oracles.map((oracle) => {
      const log = join(base, `${oracle.name} ${round}`)
      const durability = durabilities[random.below(durabilities.length)] as string
      const args = [path, log, oracle.name, String(random.below(2 ** 31)), durability]
      return { log, oracle, child: startChild('crash-writer.mjs', [...args, String(oracle.next)]) }
    })
    for (const { log, child } of writers) {
      await killAfter(log, random.below(MOST_WRITES), child.process)
      expect(await child.ended).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' })
      kills++
    }
    using dict = open(path)
    const present = new Map([...dict.entries()])
    for (const { log, oracle } of writers) settleOracle(oracle, linesOf(log), present)
    const known = oracles.flatMap(({ states }) => [...states].filter(([, n]) => n !== null))
    // Nothing else is there; and counts agree with rows.
    expect([...present.keys()].sort()).toEqual(known.map(([key]) => key).sort())
    expect(dict.size).toBe(known.length)
    // The lock of the dead is taken over.
    dict.set('by the test', round)
    dict.flushSync()
    expect(dict.delete('by the test')).toBe(true)
  }
  console.log(`${kills} kills, ${oracles.reduce((sum, { next }) => sum + next - 1, 0)} writes`)
}

/** Kills once the log has so many acknowledgements. Which instruction it hits is up to the kernel. */
async function killAfter(
  log: string,
  writes: number,
  child: { kill(signal: 'SIGKILL'): boolean; exitCode: number | null },
): Promise<void> {
  while (child.exitCode === null && linesOf(log).length < 2 * writes) await setTimeout(1)
  child.kill('SIGKILL')
}

interface Oracle {
  readonly name: string
  /** The number of the next write. */
  next: number
  /** What each key must hold: a write's number, or null where it was deleted. */
  readonly states: Map<string, number | null>
}

/** Plays the log of a life back and holds it against what is there. */
function settleOracle(
  oracle: Oracle,
  lines: readonly Line[],
  present: ReadonlyMap<string, unknown>,
): void {
  let underWay: readonly Op[] | undefined
  for (const line of lines) {
    if ('done' in line) {
      for (const [key, n] of underWay ?? []) oracle.states.set(key, n)
      underWay = undefined
    } else {
      underWay = line.ops
      oracle.next = line.n + 1
    }
  }
  if (underWay !== undefined) {
    const after = new Map([...oracle.states, ...underWay])
    // All of the last one or nothing of it.
    if (isAll(after, present)) for (const [key, n] of underWay) oracle.states.set(key, n)
  }
  for (const [key, n] of oracle.states) expect([key, present.get(key)]).toEqual([key, recordOf(n)])
}

function isAll(states: ReadonlyMap<string, number | null>, present: ReadonlyMap<string, unknown>) {
  return [...states].every(
    ([key, n]) => JSON.stringify(present.get(key)) === JSON.stringify(recordOf(n)),
  )
}

function recordOf(n: number | null): unknown {
  return n === null ? undefined : { n, text: `${n} `.repeat(n % 700), end: n }
}

/** The complete lines: the last one may have been cut off with its writer. */
function linesOf(log: string): Line[] {
  if (!existsSync(log)) return []
  const text = readFileSync(log, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}
