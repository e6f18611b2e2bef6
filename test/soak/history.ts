/**
 * Histories of several processes at full length.
 *
 *     npm run soak:history                                  1,000,000 operations
 *     npm run soak:history -- --operations 50000 --durability batched
 *     npm run soak:history -- --mutant 'stale cache'        a defect that must be found
 *     npm run soak:history -- --seed 123                    with the choices of an earlier run
 *
 * The mutants are listed in test/history/record.ts. How processes interleave is up to the kernel, and no
 * seed replays it.
 */
import { parseArgs } from 'node:util'
import { type Mutant, Team } from '../history/record.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const HISTORIES_PER_REPORT = 25

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    // Longer histories have more to order, shorter ones more beginnings and ends.
    length: { type: 'string', default: '1000' },
    durability: { type: 'string' },
    mutant: { type: 'string' },
    seed: { type: 'string' },
  },
})
if (values.seed !== undefined) process.env.SEED = values.seed
const random = randomOf(seedOf('histories'))

let histories = 0
let operations = 0
let ordered = 0
const failures: string[] = []
{
  using team = new Team()
  while (operations < Number(values.operations) && failures.length === 0) {
    const report = await team.histories(random, {
      histories: HISTORIES_PER_REPORT,
      operationsPerProcess: Number(values.length),
      durability: values.durability,
      mutant: values.mutant as Mutant | undefined,
    })
    histories += report.histories
    operations += report.operations
    ordered += report.ordered
    failures.push(...report.failures)
    console.log(
      `${histories} histories, ${operations} operations, ${ordered} of them ordered, ${failures.length} violations`,
    )
  }
}
for (const failure of failures) console.log(`- ${failure}`)
const isMutant = values.mutant !== undefined
const isExpected = failures.length > 0 === isMutant
if (isMutant) console.log(`The mutant was ${isExpected ? '' : 'NOT '}found.`)
process.exitCode = isExpected ? 0 : 1
