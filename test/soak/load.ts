/**
 * Eight processes at work on one dict for as long as one likes, with entries that come and expire all the
 * time. What they hold must not grow: memory, the file, descriptors, reader slots.
 *
 *     npm run soak:load                        ten minutes
 *     npm run soak:load -- --minutes 120
 *     npm run soak:load -- --mutant            one process keeps a read transaction, which must be found
 *
 * The first third warms up. Then the last third is held against the middle one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Child, startChild } from '../processes/child.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const PROCESSES = 8
const LOOKS = 60
/** How much more there may be in the last third than in the middle one: garbage comes and goes. */
const GROWTH = 1.2
const SLACK_BYTES = 8 * 2 ** 20
const DURABILITIES = ['batched', 'commit', 'sync', 'batched']

interface Look {
  readonly operations: number
  readonly errors: number
  readonly rss: number
  readonly heapUsed: number
  readonly descriptors: number
  readonly readers: number
  readonly sizeBytes: number
  readonly entries: number
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    mutant: { type: 'boolean', default: false },
  },
})
const random = randomOf(seedOf('load'))
const minutes = Number(values.minutes)
const base = mkdtempSync(join(tmpdir(), 'persistdict-load-'))
const children = Array.from({ length: PROCESSES }, (_, at) => {
  const settings = {
    path: join(base, 'dict'),
    name: `p${at}`,
    durability: DURABILITIES[at % DURABILITIES.length],
    seed: random.below(2 ** 31),
    leaks: values.mutant && at === 0,
  }
  return startChild('load.mjs', [JSON.stringify(settings)], {
    nodeArgs: ['--expose-gc'],
    deadlineMs: minutes * 120_000 + 300_000,
  })
})

const looks: Look[] = []
for (let round = 0; round < LOOKS; round++) {
  await setTimeout((minutes * 60_000) / LOOKS)
  const all = await Promise.all(children.map((child) => ask(child, round)))
  looks.push(all.reduce(together))
  const { operations, errors, rss, descriptors, readers, sizeBytes, entries } = looks[round] as Look
  if (round % 6 === 5) {
    console.log(
      `${operations} operations, ${errors} errors, ${mebi(rss)} MiB of memory in all, ${descriptors} descriptors, ${readers} readers, ${entries} entries in ${mebi(sizeBytes)} MiB`,
    )
  }
}
for (const child of children) child.process.stdin?.write('stop\n')
const ends = await Promise.all(children.map((child) => child.ended))
rmSync(base, { recursive: true, force: true })

const failures = [
  ...ends.flatMap(({ code, stderr }) => (code === 0 ? [] : [`ended with ${code}: ${stderr}`])),
  ...grown('rss', SLACK_BYTES * PROCESSES),
  ...grown('heapUsed', SLACK_BYTES * PROCESSES),
  ...grown('sizeBytes', SLACK_BYTES),
  ...grown('descriptors', 0),
  ...grown('readers', 0),
  ...(looks.at(-1)?.errors === 0 ? [] : ['there were error events']),
]
for (const failure of failures) console.log(`- ${failure}`)
const isExpected = failures.length > 0 === values.mutant
if (values.mutant) console.log(`The mutant was ${isExpected ? '' : 'NOT '}found.`)
process.exitCode = isExpected ? 0 : 1

async function ask(child: Child, round: number): Promise<Look> {
  child.process.stdin?.write(`look ${round}\n`)
  return JSON.parse(await child.line((line) => line.startsWith(`{"round":${round},`))) as Look
}

/** What processes have of their own adds up; what they share is looked at by all. */
function together(a: Look, b: Look): Look {
  return {
    operations: a.operations + b.operations,
    errors: a.errors + b.errors,
    rss: a.rss + b.rss,
    heapUsed: a.heapUsed + b.heapUsed,
    descriptors: a.descriptors + b.descriptors,
    readers: Math.max(a.readers, b.readers),
    sizeBytes: Math.max(a.sizeBytes, b.sizeBytes),
    entries: Math.max(a.entries, b.entries),
  }
}

function grown(what: keyof Look, slack: number): string[] {
  const most = (part: readonly Look[]) => Math.max(...part.map((look) => look[what]))
  const third = LOOKS / 3
  const middle = most(looks.slice(third, 2 * third))
  const last = most(looks.slice(2 * third))
  return last <= middle * GROWTH + slack ? [] : [`${what} has grown from ${middle} to ${last}`]
}

function mebi(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
