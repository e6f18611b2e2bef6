/**
 * Histories of several processes on a few keys of one dict, recorded and checked.
 *
 * The processes are started once and take part in one history after the other, each time on a fresh
 * directory, with other choices of durability, cache and change clock.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../processes/child.js'
import type { Random } from '../random.js'
import { type Operation, violations } from './linearizable.js'
import { type LogEntry, promised } from './promised.js'

export const MUTANTS = [
  'stale cache',
  'cached snapshot',
  'lost compareAndSet',
  'lost update',
  'double add',
  'phantom delete',
] as const

export type Mutant = (typeof MUTANTS)[number]

export interface HistoryOptions {
  readonly histories: number
  readonly operationsPerProcess: number
  readonly mutant?: Mutant | undefined
  /** A single durability for all. @default any of the three for each process */
  readonly durability?: string | undefined
}

export interface HistoryReport {
  histories: number
  operations: number
  /** Operations whose order with those of others was checked; the rest are reads of own pending writes. */
  ordered: number
  readonly failures: string[]
}

const MOST_PROCESSES = 8
const DURABILITIES = ['batched', 'commit', 'sync']
/** From the word to go until all are at their marks. */
const HEAD_START_NS = 3_000_000n
/** Several hundred histories; a process that hangs is killed then. */
const LONGEST_LIFE_MS = 30 * 60_000

/** Processes that take part in histories, until they are disposed of. */
export class Team {
  readonly #base = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'persistdict-history-'),
  )
  readonly #clients = Array.from({ length: MOST_PROCESSES }, () => new Client())
  #recorded = 0

  /** Records and checks histories, until there are enough or one is wrong. */
  async histories(random: Random, options: HistoryOptions): Promise<HistoryReport> {
    const report: HistoryReport = { histories: 0, operations: 0, ordered: 0, failures: [] }
    while (report.histories < options.histories && report.failures.length === 0) {
      const path = join(this.#base, String(this.#recorded++))
      await record(path, this.#clients, random, options, report)
    }
    return report
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.kill()
    rmSync(this.#base, { recursive: true, force: true })
  }
}

async function record(
  path: string,
  clients: readonly Client[],
  random: Random,
  options: HistoryOptions,
  report: HistoryReport,
): Promise<void> {
  const team = clients.slice(0, 2 + random.below(MOST_PROCESSES - 1))
  const settings = team.map((_, process) => ({
    path: `${path} dict`,
    process,
    log: `${path} ${process}`,
    seed: random.below(2 ** 31),
    operations: options.operationsPerProcess,
    durability: options.durability ?? random.pick(DURABILITIES),
    // Without a cache, a change clock that stands still does no harm.
    cache: options.mutant === 'stale cache' || random.below(4) > 0,
    changeClock: random.below(4) === 0 ? 'asked' : 'mapped',
    mutant: options.mutant,
  }))
  await Promise.all(team.map((client, at) => client.ask(JSON.stringify(settings[at]), 'ready')))
  const begin = process.hrtime.bigint() + HEAD_START_NS
  await Promise.all(team.map((client) => client.ask(`go ${begin}`, 'done')))
  const operations: Operation[] = []
  for (const { process, durability, log } of settings) {
    const entries = JSON.parse(readFileSync(log, 'utf8')) as LogEntry[]
    const own = promised(process, durability, entries)
    report.failures.push(...own.violations)
    operations.push(...own.operations)
    report.operations += entries.filter(({ kind }) => kind !== 'turn').length
  }
  report.histories++
  report.ordered += operations.length
  const wrong = violations(operations)
  if (wrong.length > 0 && options.mutant === undefined) {
    const kept = `${tmpdir()}/persistdict-history-${process.pid}.json`
    writeFileSync(kept, JSON.stringify({ settings, operations }))
    report.failures.push(`the whole history is in ${kept}`)
  }
  report.failures.push(...wrong)
  rmSync(`${path} dict`, { recursive: true, force: true })
}

/** A process that answers each line of its input with one of its output. */
class Client {
  readonly #child: Child = startChild('history-client.mjs', [], { deadlineMs: LONGEST_LIFE_MS })
  readonly #answers: string[] = []
  #waiting: ((line: string) => void) | undefined
  #rest = ''

  constructor() {
    this.#child.process.stdout?.on('data', (text: string) => this.#hear(text))
  }

  async ask(line: string, answer: string): Promise<void> {
    const heard = new Promise<string>((resolve) => {
      const [first] = this.#answers.splice(0, 1)
      if (first === undefined) this.#waiting = resolve
      else resolve(first)
    })
    this.#child.process.stdin?.write(`${line}\n`)
    const died = this.#child.ended.then(({ code, signal, stderr }) => {
      throw new Error(`A process of a history ended with ${signal ?? code}: ${stderr}`)
    })
    const said = await Promise.race([heard, died])
    if (said !== answer) throw new Error(`A process of a history said ${said}.`)
  }

  kill(): void {
    this.#child.process.kill('SIGKILL')
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const waiting = this.#waiting
      this.#waiting = undefined
      if (waiting === undefined) this.#answers.push(line)
      else waiting(line)
    }
  }
}
