/** Histories of several processes on a few keys of one dict over Redis have an order that explains them. */
import { expect, test } from 'vitest'
import { type Operation, violations } from '../history/linearizable.js'
import { startChild } from '../processes/child.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'

const PROCESSES = 4
const HEAD_START_NS = 20_000_000n

/** One history: its seed decides what each process does, and the machine in which order. */
async function history(seed: number, operations: number, mutant: string): Promise<Operation[]> {
  const random = randomOf(seed)
  const prefix = newPrefix()
  const children = Array.from({ length: PROCESSES }, (_, name) => {
    const words = [name, random.below(2 ** 31), operations].map(String)
    const args = [redisUrl(), prefix, ...words, mutant]
    return startChild('redis-history.mjs', args)
  })
  await Promise.all(children.map((child) => child.line((line) => line === 'ready')))
  const begin = process.hrtime.bigint() + HEAD_START_NS
  for (const child of children) child.process.stdin?.write(`${begin}\n`)
  const ended = await Promise.all(children.map((child) => child.ended))
  return ended.flatMap(({ stdout, stderr }) => {
    expect(stderr).toBe('')
    return JSON.parse(stdout.split('\n')[1] as string) as Operation[]
  })
}

test('operations of four processes are linearizable', async () => {
  const operations = await history(seedOf('history on Redis'), 100, 'none')
  expect(operations.length).toBeGreaterThanOrEqual(PROCESSES * 100)
  expect(violations(operations)).toEqual([])
})

test('a lost update would be found: the mutant', async () => {
  const seed = seedOf('history of a mutant on Redis')
  for (let round = 0; ; round++) {
    // Two processes must come between each other: in a few histories they do.
    expect(round, 'no history showed it').toBeLessThan(10)
    if (violations(await history(seed + round, 100, 'lost update')).length > 0) break
  }
})
