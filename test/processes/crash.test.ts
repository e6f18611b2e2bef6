/**
 * A slice of the crash harness, and the two mutants that show that it would find what it looks for. The
 * full counts are `npm run soak:crash`: see test/soak/crash.ts.
 */
import { expect, test } from 'vitest'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { crashes } from './crash.js'

/** Two seconds are promised; a test may run on a machine that is busy with much else. */
const PATIENCE_MS = 30_000

test('set(), delete(), transaction() and sweep() survive SIGKILL at any instant, whole or not at all', async () => {
  const report = await crashes(randomOf(seedOf('kills')), {
    kills: 60,
    durabilities: ['batched', 'commit', 'sync'],
    patienceMs: PATIENCE_MS,
  })
  console.log(JSON.stringify(report))
  expect(report.failures).toEqual([])
  // How many depends on the machine and its disk.
  expect(report.acknowledged).toBeGreaterThan(0)
})

test.each(['sqlite', 'file'] as const)(
  'a store on %s survives SIGKILL at any instant, whole or not at all',
  async (store) => {
    const report = await crashes(randomOf(seedOf(`kills on ${store}`)), {
      kills: 24,
      store,
      durabilities: ['batched', 'commit', 'sync'],
      patienceMs: PATIENCE_MS,
    })
    console.log(JSON.stringify(report))
    expect(report.failures).toEqual([])
    expect(report.acknowledged).toBeGreaterThan(0)
  },
)

test.each([
  ['acknowledges before it commits', 'early', 'begun'],
  ['writes counts and deadlines in a second transaction', 'split', 'committed'],
] as const)('a store that %s is caught', async (_, mutant, point) => {
  const report = await crashes(randomOf(seedOf(`kills, mutant ${mutant}`)), {
    kills: 200,
    durabilities: ['sync'],
    patienceMs: PATIENCE_MS,
    mutant,
    point,
  })
  console.log(`caught after ${report.kills} kills: ${report.failures[0]}`)
  expect(report.failures).not.toEqual([])
})
