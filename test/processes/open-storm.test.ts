/**
 * A slice of the open storm. The full counts, and the mutant that shows that the storm would find what
 * it looks for, are `npm run soak:storm`: see test/soak/storm.ts.
 */
import { expect, test } from 'vitest'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { firstOpenStorm, openStorm } from './storm.js'

const SLICES = 3
const SLICE_MS = 3_500

test('transaction() loses nothing, fails nowhere and never hangs while other processes open and close', async () => {
  const random = randomOf(seedOf('open storm'))
  let commits = 0
  let opens = 0
  for (let slice = 0; slice < SLICES; slice++) {
    const report = await openStorm(random, { durationMs: SLICE_MS, openers: 3 + slice })
    expect(report.failures).toEqual([])
    commits += report.commits
    opens += report.opens
  }
  console.log(`open storm: ${commits} commits, ${opens} opens`)
  expect(commits).toBeGreaterThan(0)
  expect(opens).toBeGreaterThan(0)
})

test('open() by six processes at once on a fresh path gives each all of its writes', async () => {
  const report = await firstOpenStorm(15, 6)
  expect(report.failures).toEqual([])
  expect(report.opens).toBe(15 * 6 * 3)
})
