/**
 * The open storm at full length.
 *
 *     npm run soak:storm                      until 1,000,000 commits and 20,000 opens, or 30 minutes
 *     npm run soak:storm -- --mutant          the same with lmdb as it comes, which must fail
 *     npm run soak:storm -- --commits 50000 --opens 500 --minutes 5
 *     SEED=123 npm run soak:storm             with the choices of an earlier run
 *
 * The mutant opens the store without the gate and the guard of the library. It fails within a minute;
 * a run in which it does not ends with an error, for then the storm finds nothing at all.
 */
import { parseArgs } from 'node:util'
import { firstOpenStorm, openStorm, type StormReport } from '../processes/storm.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const SLICE_MS = 20_000
const OPENERS = 4
const FIRST_OPEN_ROUNDS = 25
const PROCESSES = 6

const { values } = parseArgs({
  options: {
    mutant: { type: 'boolean', default: false },
    commits: { type: 'string', default: '1000000' },
    opens: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '30' },
  },
})
const wantedCommits = Number(values.commits)
const wantedOpens = Number(values.opens)
const isRaw = values.mutant
const random = randomOf(seedOf(isRaw ? 'open storm, mutant' : 'open storm'))

const total: StormReport = { commits: 0, opens: 0, failures: [] }
const end = performance.now() + Number(values.minutes) * 60_000
while (
  total.failures.length === 0 &&
  (total.commits < wantedCommits || total.opens < wantedOpens) &&
  performance.now() < end
) {
  add(await openStorm(random, { durationMs: SLICE_MS, openers: OPENERS, isRaw }))
  if (total.failures.length === 0) add(await firstOpenStorm(FIRST_OPEN_ROUNDS, PROCESSES, isRaw))
  console.log(`${total.commits} commits, ${total.opens} opens, ${total.failures.length} failures`)
}

for (const failure of total.failures) console.log(`- ${failure}`)
if (isRaw) {
  const isCaught = total.failures.length > 0
  console.log(isCaught ? 'The mutant was caught.' : 'The mutant was NOT caught.')
  process.exitCode = isCaught ? 0 : 1
} else {
  process.exitCode = total.failures.length === 0 ? 0 : 1
}

function add(report: StormReport): void {
  total.commits += report.commits
  total.opens += report.opens
  total.failures.push(...report.failures)
}
