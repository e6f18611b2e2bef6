/**
 * Processes killed by SIGKILL, over and over, while others go on.
 *
 * Several writers share one dict. Each lives until it is killed: while it starts, at a random instant,
 * or at a named point where it holds the write lock. Then the next one takes its place, and says what it
 * found of the keys that only its line writes. That must be what was acknowledged, followed by some
 * first part of what was not: nothing torn, nothing older. After a round all are dead, and an
 * uninvolved process looks at the whole: counts, deadlines, the total of all transactions.
 *
 * What each writer did is kept outside the store; see children/crash-writer.mjs. A seed replays the
 * choices; the instant within a commit at which the kernel kills cannot be replayed.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { lmdbStore, open } from 'persistdict'
import { fileStore } from 'persistdict/file'
import { sqliteStore } from 'persistdict/sqlite'
import type { SyncStore } from 'persistdict/testing'
import { FakeClock } from '../fake-clock.js'
import type { Random } from '../random.js'
import { type Child, startChild } from './child.js'

/** How children are told of a store that keeps all its files in one directory; see children/store-at.mjs. */
const PLACES = {
  lmdb: (directory: string) => directory,
  sqlite: (directory: string) => `sqlite:${join(directory, 'data.db')}`,
  file: (directory: string) => `file:${directory}`,
}

export type StoreKind = keyof typeof PLACES

function storeIn(kind: StoreKind | undefined, directory: string): SyncStore {
  if (kind === 'sqlite') return sqliteStore(join(directory, 'data.db'))
  return kind === 'file' ? fileStore(directory) : lmdbStore(directory)
}

export type Durability = 'batched' | 'commit' | 'sync'

export interface CrashOptions {
  readonly kills: number
  /** @default 'lmdb' */
  readonly store?: StoreKind | undefined
  readonly durabilities: readonly Durability[]
  /** A defect that the writers have; see children/crash-writer.mjs. */
  readonly mutant?: 'early' | 'split' | undefined
  /** All are killed at this point. @default at any, and at random instants */
  readonly point?: Point | undefined
  /** How long survivors may take to go on. */
  readonly patienceMs: number
}

export interface CrashReport {
  kills: number
  /** Kills of a process that held the write lock, by the point at which it stood. */
  readonly points: Record<string, number>
  /** Writes that were acknowledged. */
  acknowledged: number
  /** Complete backups that were looked at. */
  backups: number
  /** Writes under way at a kill: found done, and found not done. */
  done: number
  undone: number
  /** The longest that survivors took to go on, in milliseconds. */
  slowestMs: number
  /** What went wrong; nothing is what is promised. */
  readonly failures: string[]
}

const WRITERS = ['a', 'b', 'c'] as const
const PLANS = ['point', 'point', 'instant', 'start'] as const
type Plan = (typeof PLANS)[number]
const LIVES_PER_ROUND = 4

/** Points at which a writer waits for its end; only the last one is outside the write lock. */
const POINTS = ['begun', 'put', 'deleted', 'sweeping', 'finished', 'committed'] as const
/** Steps of long work, which only LMDB has. */
const UPKEEP_POINTS = ['compacting', 'backing up'] as const
type Point = (typeof POINTS | typeof UPKEEP_POINTS)[number]
/** A life that does not come to its point so soon after its start is ended all the same. */
const LONGEST_LIFE_MS = 500
const LONGEST_UPKEEP_MS = 3_000
/** Longer than any process takes to start and open a dict. */
const LONGEST_START_MS = 15_000
const LONGEST_RUN_MS = 60
const LOOK_MS = 1

type Op = readonly [key: string, n: number | null]
type Line =
  | { readonly found: Readonly<Record<string, number | null>>; readonly transactions: number }
  | { readonly n: number; readonly ops: readonly Op[]; readonly transaction: boolean }
  | { readonly done: number }
  | { readonly at: string }
  | { readonly backup: string }
  | { readonly wrong: string }

/** Kills so many processes, in rounds on fresh directories, until something goes wrong. */
export async function crashes(random: Random, options: CrashOptions): Promise<CrashReport> {
  const report: CrashReport = {
    kills: 0,
    points: {},
    acknowledged: 0,
    backups: 0,
    done: 0,
    undone: 0,
    slowestMs: 0,
    failures: [],
  }
  while (report.kills < options.kills && report.failures.length === 0) {
    const base = mkdtempSync(join(random.pick(baseDirectories()), 'persistdict-crash-'))
    try {
      await new Round(base, random, options, report).run()
    } finally {
      rmSync(base, { recursive: true, force: true })
    }
  }
  return report
}

/** In memory, where many more commits happen between two kills, and on a disk. */
function baseDirectories(): readonly string[] {
  return existsSync('/dev/shm') ? ['/dev/shm', tmpdir()] : [tmpdir()]
}

class Round {
  readonly #base: string
  readonly #path: string
  readonly #random: Random
  readonly #options: CrashOptions
  readonly #report: CrashReport
  readonly #lines: readonly WriterLine[]
  /** What the last process took to start and open the dict. */
  #startMs = 100

  constructor(base: string, random: Random, options: CrashOptions, report: CrashReport) {
    this.#base = base
    this.#path = join(base, 'dict')
    this.#random = random
    this.#options = options
    this.#report = report
    this.#lines = WRITERS.map((name) => new WriterLine(name))
  }

  async run(): Promise<void> {
    await Promise.all(this.#lines.map((line) => this.#livesOf(line)))
    if (this.#report.failures.length > 0) return
    for (const line of this.#lines) this.#fail(line.name, this.#audit(line))
    for (const { name, backups } of this.#lines) {
      this.#report.backups += backups.length
      for (const backup of backups) this.#fail(`a backup by ${name}`, await auditBackup(backup))
    }
    this.#fail(
      'the whole',
      await auditWhole(this.#options.store, this.#path, join(this.#base, 'copy'), this.#lines),
    )
  }

  async #livesOf(line: WriterLine): Promise<void> {
    for (let life = 0; life < LIVES_PER_ROUND && this.#report.failures.length === 0; life++) {
      await this.#live(line, life)
    }
  }

  async #live(line: WriterLine, life: number): Promise<void> {
    const random = this.#random
    const log = join(this.#base, `${line.name} ${life}`)
    const { point: given } = this.#options
    const plan = given === undefined ? random.pick(PLANS) : 'point'
    const points = this.#options.store === undefined ? [...POINTS, ...UPKEEP_POINTS] : POINTS
    const point = plan === 'point' ? (given ?? random.pick<Point>(points)) : undefined
    const settings = {
      place: PLACES[this.#options.store ?? 'lmdb'](this.#path),
      log,
      name: line.name,
      names: WRITERS,
      next: line.next,
      seed: random.below(2 ** 31),
      durability: random.pick(this.#options.durabilities),
      point,
      mutant: this.#options.mutant,
    }
    const delayMs = random.below(plan === 'start' ? Math.ceil(this.#startMs) : LONGEST_RUN_MS)
    const child = startChild('crash-writer.mjs', [JSON.stringify(settings)])
    line.current = { log, child, isKilled: false }
    this.#startMs =
      (await momentOf(log, child, plan, delayMs, longestLifeOf(point))) ?? this.#startMs
    const others = this.#lines.filter(({ current }) => isAtWork(current))
    const sizes = others.map(({ current }) => sizeOf(current?.log))
    line.current.isKilled = true
    child.process.kill('SIGKILL')
    const start = performance.now()
    const ended = await child.ended.catch((error: Error) => error)
    this.#report.kills++
    if (ended instanceof Error) return this.#fail(line.name, [ended.message])
    if (ended.signal !== 'SIGKILL') this.#fail(line.name, [`ended by itself: ${ended.stderr}`])
    this.#fail(line.name, line.play(linesOf(log), this.#report))
    await this.#survive(others, sizes, start)
  }

  /** Waits until one of those that were at work has gone on, unless all were killed meanwhile. */
  async #survive(others: readonly WriterLine[], sizes: readonly number[], start: number) {
    const lives = others.map(({ current }) => current)
    const isOver = () =>
      lives.every((life) => life?.isKilled) ||
      lives.some((life, at) => sizeOf(life?.log) > (sizes[at] as number))
    if (lives.length === 0) return
    while (!isOver()) {
      if (performance.now() - start > this.#options.patienceMs) {
        return this.#fail('survivors', [`none went on for ${this.#options.patienceMs} ms`])
      }
      await setTimeout(LOOK_MS)
    }
    const tookMs = performance.now() - start
    if (lives.some((life) => !life?.isKilled) && tookMs > this.#report.slowestMs) {
      this.#report.slowestMs = tookMs
    }
  }

  /** What the dict holds of a writer's keys, when all are dead. */
  #audit(line: WriterLine): string[] {
    using dict = open(storeIn(this.#options.store, this.#path))
    const inner = dict.namespace('inner')
    const found: Record<string, number | null> = {}
    for (let at = 0; at < 12; at++) {
      const key = `${line.name} ${at}`
      const value = (at < 8 ? dict : inner).get(key) as { n: number } | undefined
      if (value !== undefined) found[key] = value.n
    }
    const transactions = Number(dict.get(`count of ${line.name}`) ?? 0)
    return line.settle(found, transactions, this.#report)
  }

  #fail(who: string, failures: readonly string[]): void {
    this.#report.failures.push(...failures.map((failure) => `${who}: ${failure}`))
  }
}

interface Life {
  readonly log: string
  readonly child: Child
  isKilled: boolean
}

function isAtWork(life: Life | undefined): boolean {
  return life !== undefined && !life.isKilled && sizeOf(life.log) > 0
}

function longestLifeOf(point: Point | undefined): number {
  return UPKEEP_POINTS.some((each) => each === point) ? LONGEST_UPKEEP_MS : LONGEST_LIFE_MS
}

/** Resolves when the process is to be killed, with the time that it took to start, if that was waited for. */
async function momentOf(
  log: string,
  { process }: Child,
  plan: Plan,
  delayMs: number,
  longestLifeMs: number,
): Promise<number | undefined> {
  const isDead = () => process.exitCode !== null || process.signalCode !== null
  const until = async (isSo: () => boolean, longestMs: number) => {
    const start = performance.now()
    while (!isSo() && !isDead() && performance.now() - start < longestMs) await setTimeout(LOOK_MS)
    return performance.now() - start
  }
  if (plan === 'start') {
    await setTimeout(delayMs)
    return undefined
  }
  const startMs = await until(() => sizeOf(log) > 0, LONGEST_START_MS)
  if (plan === 'instant') await setTimeout(delayMs)
  else await until(() => tailOf(log).includes('"at"'), longestLifeMs)
  return startMs
}

/** One line of succession: what all its lives together did to the keys that are its own. */
class WriterLine {
  readonly name: string
  current: Life | undefined
  /** The number of its next write. */
  next = 1
  /** Where complete backups are. */
  readonly backups: string[] = []
  #states = new Map<string, number>()
  #transactions = 0
  /** Writes that were begun and not acknowledged. */
  #open: (Line & { ops: readonly Op[] })[] = []

  constructor(name: string) {
    this.name = name
  }

  get transactions(): number {
    return this.#transactions
  }

  /** Takes in what a life has written down; returns what it tells of broken promises. */
  play(lines: readonly Line[], report: CrashReport): string[] {
    const failures: string[] = []
    for (const line of lines) {
      if ('wrong' in line) failures.push(line.wrong)
      else if ('backup' in line) this.backups.push(line.backup)
      else if ('found' in line) failures.push(...this.settle(line.found, line.transactions, report))
      else if ('ops' in line) {
        this.#open.push(line)
        this.next = line.n + 1
      } else if ('done' in line) {
        report.acknowledged += this.#open.length
        this.#apply(this.#open)
        this.#open = []
      } else report.points[line.at] = (report.points[line.at] ?? 0) + 1
    }
    return failures
  }

  /** Holds what was found against what was acknowledged, and some first part of what was not. */
  settle(
    found: Readonly<Record<string, number | null>>,
    transactions: number,
    report: CrashReport,
  ): string[] {
    const expected = shown(this.#states, this.#transactions)
    const open = this.#open
    this.#open = []
    const wanted = shown(new Map(Object.entries(found)), transactions)
    for (let done = 0; done <= open.length; done++) {
      if (done > 0) this.#apply([open[done - 1] as (typeof open)[number]])
      if (shown(this.#states, this.#transactions) !== wanted) continue
      report.done += done
      report.undone += open.length - done
      return []
    }
    return [`found ${wanted}, acknowledged ${expected}, then ${JSON.stringify(open)}`]
  }

  #apply(writes: readonly (Line & { ops: readonly Op[] })[]): void {
    for (const write of writes) {
      for (const [key, n] of write.ops) {
        if (n === null) this.#states.delete(key)
        else this.#states.set(key, n)
      }
      if ('transaction' in write && write.transaction) this.#transactions++
    }
  }
}

function shown(states: ReadonlyMap<string, number | null>, transactions: number): string {
  return JSON.stringify([[...states].sort(([a], [b]) => (a < b ? -1 : 1)), transactions])
}

/** A backup is of one moment: the total is the sum of its parts. */
async function auditBackup(path: string): Promise<string[]> {
  using dict = open<Record<string, unknown>>(path, { background: 'disabled' })
  const counts = WRITERS.map((name) => Number(dict.get(`count of ${name}`) ?? 0))
  const total = Number(dict.get('total') ?? 0)
  const sum = counts.reduce((all, count) => all + count, 0)
  // A copy is as good as what it is of: it can be written to.
  dict.set('by the audit', 1).flushSync()
  const { details } = await dict.verify()
  return [
    ...(total === sum ? [] : [`the total is ${total}, and the counts are ${counts}`]),
    ...details.map((finding) => `verify() found ${JSON.stringify(finding)}`),
  ]
}

/** Counts agree with rows, deadlines with their index, and the total with its parts. */
async function auditWhole(
  kind: StoreKind | undefined,
  path: string,
  copy: string,
  lines: readonly WriterLine[],
): Promise<string[]> {
  const failures: string[] = []
  const check = (what: string, found: unknown, expected: unknown) => {
    if (found !== expected) failures.push(`${what} is ${found}, and should be ${expected}`)
  }
  const clock = new FakeClock(Date.now())
  {
    using dict = open<Record<string, unknown>>(storeIn(kind, path), { clock })
    // The lock of the dead is taken over.
    dict.set('by the audit', 1).flushSync()
    dict.delete('by the audit')
    const transactions = lines.reduce((sum, line) => sum + line.transactions, 0)
    check('the total', dict.get('total') ?? 0, transactions)
    const { details, staleHints } = await dict.verify()
    failures.push(...details.map((finding) => `verify() found ${JSON.stringify(finding)}`))
    check('the number of stale hints', staleHints, 0)
  }
  // Nobody has it open now, so that its files may be copied.
  cpSync(path, copy, { recursive: true })
  using dict = open<Record<string, unknown>>(storeIn(kind, copy), {
    clock,
    background: 'disabled',
  })
  for (const space of [dict, dict.namespace('inner')]) {
    check('size', space.size, [...space.keys()].length)
  }
  dict.sweep()
  const entries = [dict, dict.namespace('inner')].flatMap((space) =>
    [...space.keys()].map((key) => space.getEntry(key)),
  )
  const mortal = entries.filter((entry) => entry?.expiresAt !== undefined).length
  clock.advance(10 * 86_400_000)
  check('what sweep() finds past all deadlines', dict.sweep(), mortal)
  check('size after that sweep', dict.size + dict.namespace('inner').size, entries.length - mortal)
  return failures
}

function sizeOf(log: string | undefined): number {
  return log === undefined ? 0 : (statSync(log, { throwIfNoEntry: false })?.size ?? 0)
}

function tailOf(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').slice(-20) : ''
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
