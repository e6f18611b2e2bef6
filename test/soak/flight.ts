/**
 * R13 at full length: single flight across processes, whose leader works, is killed, stops or throws.
 *
 *     npm run soak:flight                     1,000 rounds on LMDB, or 30 minutes
 *     npm run soak:flight -- --rounds 100 --store 'sqlite, commit' --minutes 5
 *     npm run soak:flight -- --mutant         without the second look, which must fail
 *     SEED=123 npm run soak:flight            with the choices of an earlier run
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FlightCrew, LEADERS } from '../processes/flights.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const { values } = parseArgs({
  options: {
    mutant: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '1000' },
    store: { type: 'string', default: 'lmdb, batched' },
    minutes: { type: 'string', default: '30' },
  },
})
const wanted = Number(values.rounds)
const end = performance.now() + Number(values.minutes) * 60_000
const random = randomOf(seedOf('single flight'))
const directory = mkdtempSync(join(tmpdir(), 'persistdict-flight-'))
const mutant = values.mutant ? 'blind' : undefined
const crew = await FlightCrew.start({
  store: values.store,
  directory,
  processes: 4,
  asks: 50,
  mutant,
})
const wrong: string[] = []
try {
  for (let round = 1; round <= wanted && performance.now() < end; round++) {
    wrong.push(...(await crew.round(random.pick(LEADERS), random)))
    if (round % 50 === 0) console.log(`${round} rounds, ${wrong.length} wrong`)
    if (mutant !== undefined && wrong.length > 0) break
  }
} finally {
  crew.kill()
  rmSync(directory, { recursive: true, force: true })
}
for (const what of wrong) console.log(`- ${what}`)
if (mutant !== undefined) console.log(`The mutant was ${wrong.length > 0 ? '' : 'NOT '}caught.`)
process.exitCode = wrong.length > 0 === (mutant !== undefined) ? 0 : 1
