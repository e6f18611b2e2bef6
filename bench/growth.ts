/**
 * What an operation costs as the store grows, and what a process holds in memory over a large store:
 * the section "Growth" of docs/benchmarks.md.
 *
 *     npm run bench:growth                        # 1,000 to 1,000,000 entries, some minutes
 *     npm run bench:growth -- 10000000            # up to 10,000,000 entries, which take 2 GB of disk
 *     npm run bench:growth -- 10000000 --write    # and writes the section
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { open, type PersistDict } from 'persistdict'
import { type Random, seededRandom } from './harness/data.js'
import { machineLine } from './harness/machine.js'
import { withSection } from './harness/sections.js'
import { costText } from './harness/words.js'

const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
const SIZES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
const SEED = 1

/** Entries in one transaction while the store is filled. */
const FILL_STEP = 50_000

/** Operations of a round, and rounds, of which the best counts: other programs only ever add time. */
const SAMPLES = 1_000
const ROUNDS = 7

/** Entries that the process reads and writes whose memory is looked at. */
const READER_KEYS = 5_000

type Dict = PersistDict<Record<string, { id: number; text: string }>>

interface Row {
  readonly entries: number
  /** Nanoseconds. */
  readonly costs: Readonly<Record<string, number>>
  readonly fileBytes: number
  readonly ownBytes: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
})
const most = Number(positionals[0] ?? 1_000_000)
if (!SIZES.includes(most)) throw new RangeError(`The size must be one of ${SIZES.join(', ')}.`)

const folder = mkdtempSync(join(tmpdir(), 'persistdict-growth-'))
const rows: Row[] = []
try {
  let filled = 0
  for (const entries of SIZES.filter((size) => size <= most)) {
    fill(filled, entries)
    // The first time compiles what is measured.
    if (filled === 0) measured(entries)
    filled = entries
    rows.push(measured(entries))
    console.log(lineOf(rows.at(-1) as Row))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const section = sectionOf(rows)
console.log(section)
if (values.write) {
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), 'growth', section))
}

/** Keys in no order, without keeping any: the number is multiplied by an odd one, modulo 2^32. */
function keyOf(n: number): string {
  return `user:${(Math.imul(n + 1, 0x9e3779b1) >>> 0).toString(36).padStart(7, '0')}`
}

function recordOf(n: number) {
  return { id: n, text: `a text of some forty characters, number ${n}` }
}

function openDict(cached: boolean): Dict {
  const cache = cached ? {} : { cache: { maxEntries: 0 } }
  return open(join(folder, 'store'), { background: 'disabled', ...cache })
}

function fill(from: number, to: number): void {
  using dict = open<Record<string, unknown>>(join(folder, 'store'), { durability: 'commit' })
  for (let start = from; start < to; start += FILL_STEP) {
    const length = Math.min(FILL_STEP, to - start)
    dict.setMany(
      Array.from({ length }, (_, at) => [keyOf(start + at), recordOf(start + at)] as const),
    )
  }
}

function measured(entries: number): Row {
  const random = seededRandom(SEED)
  const costs: Record<string, number> = {}
  const opening = best(ROUNDS, 1, () => {
    const start = performance.now()
    const dict = openDict(true)
    assertEqual(dict.get(keyOf(0))?.id, 0)
    const elapsed = performance.now() - start
    dict.close()
    return elapsed
  })
  costs['open, first get'] = opening
  using dict = openDict(false)
  const sample = () => picked(random, entries)
  costs.get = best(ROUNDS, SAMPLES, () =>
    timed(sample(), (n) => assertEqual(dict.get(keyOf(n))?.id, n)),
  )
  costs.set = best(ROUNDS, SAMPLES, () => {
    return timed(
      sample(),
      (n) => dict.set(keyOf(n), recordOf(n)),
      () => dict.flushSync(),
    )
  })
  costs.delete = best(ROUNDS, SAMPLES, () => {
    const chosen = sample()
    const elapsed = timed(
      chosen,
      (n) => dict.delete(keyOf(n)),
      () => dict.flushSync(),
    )
    dict.setMany(chosen.map((n) => [keyOf(n), recordOf(n)] as const))
    dict.flushSync()
    return elapsed
  })
  costs['first key'] = best(ROUNDS, SAMPLES, () => {
    return timed(sample(), () => assertEqual(typeof dict.keys().next().value, 'string'))
  })
  costs.size = best(ROUNDS, SAMPLES, () => timed(sample(), () => assertEqual(dict.size, entries)))
  costs['sweep of one'] = best(ROUNDS, SAMPLES, () => {
    const due = dict.namespace<Record<string, number>>('due')
    due.setMany(
      Array.from({ length: SAMPLES }, (_, n) => [`due:${n}`, n] as const),
      { ttl: 1 },
    )
    dict.flushSync()
    const end = Date.now() + 2
    while (Date.now() < end) {
      // Until all of them are due.
    }
    const start = performance.now()
    assertEqual(dict.sweep(), SAMPLES)
    return performance.now() - start
  })
  const { size: fileBytes } = statSync(dataFile())
  return { entries, costs, fileBytes, ownBytes: memoryOfReader(entries) }
}

/** Numbers of entries, none twice. */
function picked(random: Random, entries: number): number[] {
  const chosen = new Set<number>()
  while (chosen.size < Math.min(SAMPLES, entries)) chosen.add(Math.floor(random() * entries))
  return [...chosen]
}

/** Milliseconds. */
function timed(chosen: readonly number[], act: (n: number) => unknown, end?: () => void): number {
  const start = performance.now()
  for (const n of chosen) act(n)
  end?.()
  return performance.now() - start
}

/** Nanoseconds an operation, in the best of some rounds. */
function best(rounds: number, operations: number, round: () => number): number {
  let least = Number.POSITIVE_INFINITY
  for (let done = 0; done < rounds; done++) least = Math.min(least, round())
  return (least * 1e6) / operations
}

/** What a process of its own holds that reads and writes the store with a read cache, in bytes. */
function memoryOfReader(entries: number): number {
  const script = fileURLToPath(new URL('./processes/reader-memory.ts', import.meta.url))
  const keys = Array.from({ length: READER_KEYS }, (_, n) => keyOf((n * 7_919) % entries))
  const args = ['--expose-gc', '--import', 'tsx', script, join(folder, 'store'), keys.join(' ')]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

function dataFile(): string {
  return join(folder, 'store', 'g1', 'data.mdb')
}

function assertEqual(found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`Found ${found}, which should be ${wanted}.`)
}

function lineOf({ entries, costs }: Row): string {
  const figures = Object.entries(costs).map(([name, cost]) => `${name} ${costText(cost, 'time')}`)
  return `${entries.toLocaleString('en')}: ${figures.join(', ')}`
}

function sectionOf(measuredRows: readonly Row[]): string {
  const names = Object.keys(measuredRows[0]?.costs ?? {})
  const head = ['entries', ...names, 'file', 'own memory']
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 30 ? 1 : 0)} MiB`
  const cells = measuredRows.map(({ entries, costs, fileBytes, ownBytes }) => [
    entries.toLocaleString('en'),
    ...names.map((name) => costText(costs[name] as number, 'time')),
    mib(fileBytes),
    mib(ownBytes),
  ])
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  return [
    '## Growth',
    '',
    'Written by `npm run bench:growth -- 10000000 --write`. The cost of one operation, in the best of ' +
      `${ROUNDS} rounds of ${SAMPLES.toLocaleString('en')}, in one store as it grows: keys in random order, no read ` +
      'cache, `set` and `delete` on disk at the end of each round. Own memory: what a process holds ' +
      'besides the pages of the file, after it has read and written 5,000 entries.',
    '',
    machineLine({ seed: SEED, quick: false }),
    '',
    ...[head, head.map(() => '---'), ...cells].map(line),
  ].join('\n')
}
