/**
 * R6 at full length: races for locks that are free, stale or left by the dead.
 *
 *     npm run soak:locks                      5,000 rounds of 2, 4, 8 and 16 contenders, or 30 minutes
 *     npm run soak:locks -- --rounds 100 --minutes 5
 *     npm run soak:locks -- --mutant          with proper-lockfile instead, which must fail
 *     SEED=123 npm run soak:locks             with the choices of an earlier run
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { LockerCrew } from '../processes/lockers.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const CONTENDERS = [2, 4, 8, 16]

const { values } = parseArgs({
  options: {
    mutant: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5000' },
    minutes: { type: 'string', default: '30' },
  },
})
const wanted = Number(values.rounds)
const end = performance.now() + Number(values.minutes) * 60_000
const random = randomOf(seedOf('locks'))
const directory = mkdtempSync(join(tmpdir(), 'persistdict-locks-'))
const place = join(directory, 'dict')
const rival = values.mutant ? directory : undefined
const crew = await LockerCrew.start({ store: 'lmdb, commit', place, processes: 16, rival })
const store = lmdbStore(place)
const wrong: string[] = []
try {
  for (let round = 1; round <= wanted && performance.now() < end; round++) {
    const contenders = random.pick(CONTENDERS)
    const winners = await crew.race(contenders, store, random)
    if (winners !== 1) wrong.push(`round ${round}: ${contenders} contenders, ${winners} owners`)
    if (round % 500 === 0) console.log(`${round} rounds, ${wrong.length} wrong`)
  }
} finally {
  crew.kill()
  store.close()
  rmSync(directory, { recursive: true, force: true })
}
for (const what of wrong) console.log(`- ${what}`)
if (values.mutant) console.log(`The mutant was ${wrong.length > 0 ? '' : 'NOT '}caught.`)
process.exitCode = wrong.length > 0 === values.mutant ? 0 : 1
