/**
 * How late timers are while four processes read and write one store: the section "Event loop" of
 * docs/benchmarks.md.
 *
 *     npm run bench:delay               # about a minute
 *     npm run bench:delay -- --write    # and writes the section
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { madeRecords, seededRandom } from './harness/data.js'
import { machineLine } from './harness/machine.js'
import { withSection } from './harness/sections.js'
import { KINDS, type SharedKind } from './processes/kinds.js'
import { loadsOf } from './processes/loaders.js'

const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
const SEED = 1
const RECORDS = 10_000
const PROCESSES = 4
const SECONDS = 8
const STORES = ['persistdict', 'better-sqlite3', 'lmdb']

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const root = mkdtempSync(join(tmpdir(), 'persistdict-delay-'))
const rows: string[] = []
try {
  for (const kind of STORES) {
    const folder = mkdtempSync(join(root, 'store-'))
    await (KINDS[kind] as SharedKind).fill(folder, madeRecords(seededRandom(SEED), RECORDS))
    const orders = { kind, folder, seconds: SECONDS, recordsSeed: SEED, records: RECORDS }
    const loads = await loadsOf(PROCESSES, orders).catch((error: Error) => error)
    if (loads instanceof Error) {
      report(kind, `failed: ${loads.message}`, '–', '–', '–')
      continue
    }
    const worst = (part: keyof (typeof loads)[number]) =>
      Math.max(...loads.map((load) => load[part]))
    const total = loads.reduce((sum, { operations }) => sum + operations, 0)
    const rate = `${Math.round(total / SECONDS / 1_000).toLocaleString('en')} k/s`
    const delays = (['p50', 'p99', 'max'] as const).map((part) => `${worst(part).toFixed(1)} ms`)
    report(kind, rate, ...delays)
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
function report(...cells: string[]): void {
  const row = `| ${cells.join(' | ')} |`
  rows.push(row)
  console.log(row)
}

const section = [
  '## Event loop',
  '',
  `Written by \`npm run bench:delay -- --write\`. ${PROCESSES} processes over one store for ${SECONDS} ` +
    'seconds, 90 % reads and 10 % writes, as fast as they can, 20 operations a turn. How late a timer of one ' +
    'millisecond is; of each figure, that of the process that fares worst. With more processes than ' +
    'processors, most of it is waiting for one.',
  '',
  machineLine({ seed: SEED, quick: false }),
  '',
  '| store | operations, all processes | median | 99 % within | longest |',
  '| --- | --- | --- | --- | --- |',
  ...rows,
].join('\n')
if (values.write) writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), 'delay', section))
