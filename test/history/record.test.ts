/**
 * A slice of the histories, and the mutants that show that they would find what they look for. The full
 * counts are `npm run soak:history`: see test/soak/history.ts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { MUTANTS, Team } from './record.js'

let team: Team
beforeAll(() => {
  team = new Team()
})
afterAll(() => team[Symbol.dispose]())

test('every method on one key is linearizable for 2 to 8 processes, whatever their durability', async () => {
  const report = await team.histories(randomOf(seedOf('histories')), {
    histories: 20,
    operationsPerProcess: 250,
  })
  console.log(JSON.stringify(report))
  expect(report.failures).toEqual([])
  expect(report.histories).toBe(20)
})

test.each(MUTANTS)("'%s' is found", async (mutant) => {
  const report = await team.histories(randomOf(seedOf(`histories with ${mutant}`)), {
    histories: 40,
    operationsPerProcess: 250,
    mutant,
    durability: 'commit',
  })
  console.log(`found after ${report.operations} operations: ${report.failures[0]}`)
  expect(report.failures).not.toEqual([])
})
