/**
 * Open storms: processes open, write and close one store over and over while others commit as fast as
 * they can. An open that is not fenced off undoes commits of others (docs/ARCHITECTURE.md), and this
 * is what shows it: every process checks its own counter in each transaction, and an uninvolved one
 * checks all of them afterwards. A death, an error and a hang count as much as a loss.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Random } from '../random.js'
import { type Ended, runChild, startChild } from './child.js'

export interface StormReport {
  commits: number
  opens: number
  /** What went wrong; nothing is what is promised. */
  readonly failures: string[]
}

const DURABILITIES = ['batched', 'commit', 'sync'] as const
const WRITERS = 2

/** After the end of a storm, nobody may take longer to finish. */
const PATIENCE_MS = 60_000

/** Longest pause of an opener between close and open; mostly it is shorter. */
const LONGEST_GAP_MS = 10

export interface StormOptions {
  readonly durationMs: number
  readonly openers: number
  /** The mutant: lmdb as it comes, without the library. @default false */
  readonly isRaw?: boolean
}

/**
 * In memory where that is possible: syncing costs nothing there, so that ten times as many commits
 * happen for an open to fall between.
 */
function baseDirectory(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
}

/** One storm on a fresh path. */
export async function openStorm(random: Random, options: StormOptions): Promise<StormReport> {
  const base = mkdtempSync(join(baseDirectory(), 'persistdict-storm-'))
  const report: StormReport = { commits: 0, opens: 0, failures: [] }
  const { durationMs, openers, isRaw = false } = options
  const settings = (role: string, name: string) =>
    JSON.stringify({
      role,
      name,
      isRaw,
      path: join(base, 'store'),
      stop: join(base, 'stop'),
      durability: random.pick(DURABILITIES),
      changeClock: random.below(4) === 0 ? 'asked' : 'mapped',
      gapMs: random.below(LONGEST_GAP_MS),
    })
  try {
    const start = (role: string, name: string) => ({
      name,
      ended: runChild('storm.mjs', [settings(role, name)], {
        deadlineMs: durationMs + PATIENCE_MS,
      }),
    })
    const processes = [
      ...Array.from({ length: WRITERS }, (_, at) => start('write', `writer ${at}`)),
      ...Array.from({ length: openers }, (_, at) => start('reopen', `opener ${at}`)),
    ]
    const over = setTimeout(() => writeFileSync(join(base, 'stop'), ''), durationMs)
    const expected = new Map<string, number>()
    for (const { name, ended } of processes) {
      const end = await settle(ended)
      if (isRight(end)) {
        const { last, commits, opens } = JSON.parse(end.stdout)
        expected.set(name, last)
        report.commits += commits
        report.opens += opens
      } else report.failures.push(`${name}: ${describe(end)}`)
    }
    clearTimeout(over)
    const found = await settle(
      runChild('storm.mjs', [settings('verify', 'nobody')], { deadlineMs: PATIENCE_MS }),
    )
    if (isRight(found)) report.failures.push(...differences(expected, JSON.parse(found.stdout)))
    else report.failures.push(`verification: ${describe(found)}`)
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
  return report
}

/** Rounds in which several processes open a fresh path at the same moment. */
export async function firstOpenStorm(
  rounds: number,
  processes: number,
  isRaw = false,
): Promise<StormReport> {
  const base = mkdtempSync(join(baseDirectory(), 'persistdict-storm-'))
  const report: StormReport = { commits: 0, opens: 0, failures: [] }
  const children = Array.from({ length: processes }, (_, at) => {
    const settings = { role: 'first', name: `process ${at}`, durability: 'batched', isRaw }
    const deadlineMs = PATIENCE_MS + rounds * 2_000
    return {
      ...settings,
      child: startChild('storm.mjs', [JSON.stringify(settings)], { deadlineMs }),
    }
  })
  try {
    await Promise.all(children.map(({ child }) => child.line((line) => line === 'ready')))
    for (let round = 0; round < rounds && report.failures.length === 0; round++) {
      const path = join(base, `round ${round}`)
      for (const { child } of children) child.process.stdin?.write(`${path}\n`)
      const expected = new Map<string, number>()
      for (const { name, child } of children) {
        try {
          const line = await child.line((text) => text.startsWith(`done ${path} `))
          expected.set(name, Number(line.split(' ').at(-1)))
        } catch (error) {
          report.failures.push(`${name} in round ${round}: ${(error as Error).message}`)
        }
      }
      const verify = JSON.stringify({ role: 'verify', path, isRaw })
      const found = await settle(runChild('storm.mjs', [verify], { deadlineMs: PATIENCE_MS }))
      if (isRight(found)) report.failures.push(...differences(expected, JSON.parse(found.stdout)))
      else report.failures.push(`verification of round ${round}: ${describe(found)}`)
      report.opens += processes * 3
      report.commits += processes * 6
    }
    for (const { child } of children) child.process.stdin?.end()
    for (const { name, child } of children) {
      const end = await settle(child.ended)
      if (!isRight(end)) report.failures.push(`${name}: ${describe(end)}`)
    }
  } finally {
    for (const { child } of children) child.process.kill('SIGKILL')
    rmSync(base, { recursive: true, force: true })
  }
  return report
}

/** How a child ended; or, for one that was killed because it hung, what the error says. */
async function settle(ended: Promise<Ended>): Promise<Ended | Error> {
  try {
    return await ended
  } catch (error) {
    return error as Error
  }
}

function isRight(end: Ended | Error): end is Ended {
  return !(end instanceof Error) && end.code === 0 && end.stderr === ''
}

const SHOWN_CHARACTERS = 600

function describe(end: Ended | Error): string {
  if (end instanceof Error) return end.message.slice(0, SHOWN_CHARACTERS)
  return `ended with ${end.signal ?? end.code}: ${end.stderr.slice(0, SHOWN_CHARACTERS)}`
}

function differences(expected: Map<string, number>, found: Record<string, number>): string[] {
  return [...expected]
    .filter(([name, last]) => (found[name] ?? 0) !== last)
    .map(([name, last]) => `${name} wrote ${last}, and ${found[name]} is there`)
}
