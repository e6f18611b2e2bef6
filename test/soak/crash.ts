/**
 * The crash harness at full length.
 *
 *     npm run soak:crash                                  2,000 kills
 *     npm run soak:crash -- --kills 500 --durability sync
 *     npm run soak:crash -- --store file                  or sqlite
 *     npm run soak:crash -- --mutant early                a defect that must be found: early, split
 *     npm run soak:crash -- --seed 123                    with the choices of an earlier run
 *
 * Prints what it did after every hundred kills or so, and ends with an error if anything was lost, torn
 * or stuck; with a mutant, if nothing was.
 */
import { parseArgs } from 'node:util'
import { type CrashOptions, crashes, type Durability } from '../processes/crash.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const KILLS_PER_REPORT = 100

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '2000' },
    durability: { type: 'string' },
    store: { type: 'string' },
    mutant: { type: 'string' },
    seed: { type: 'string' },
    // What survivors of a killed lock holder may take to go on. More on a machine that has other work.
    patience: { type: 'string', default: '2000' },
  },
})
if (values.seed !== undefined) process.env.SEED = values.seed
const random = randomOf(seedOf('kills'))
const mutant = values.mutant as CrashOptions['mutant']
const durabilities: readonly Durability[] =
  values.durability === undefined
    ? ['batched', 'commit', 'sync']
    : [values.durability as Durability]

let kills = 0
let acknowledged = 0
let slowestMs = 0
const failures: string[] = []
while (kills < Number(values.kills) && failures.length === 0) {
  const wanted = Math.min(KILLS_PER_REPORT, Number(values.kills) - kills)
  const report = await crashes(random, {
    kills: wanted,
    store: values.store as CrashOptions['store'],
    durabilities,
    mutant,
    patienceMs: Number(values.patience),
  })
  kills += report.kills
  acknowledged += report.acknowledged
  slowestMs = Math.max(slowestMs, report.slowestMs)
  failures.push(...report.failures)
  const { points, done, undone } = report
  console.log(
    `${kills} kills, ${acknowledged} writes acknowledged, ${Math.ceil(slowestMs)} ms the slowest survivor, ${failures.length} failures; of the last: ${done} under way found done, ${undone} not; at ${JSON.stringify(points)}`,
  )
}
for (const failure of failures) console.log(`- ${failure}`)
const isExpected = mutant === undefined ? failures.length === 0 : failures.length > 0
if (mutant !== undefined) console.log(`The mutant was ${isExpected ? '' : 'NOT '}caught.`)
process.exitCode = isExpected ? 0 : 1
