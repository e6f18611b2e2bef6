/** Several processes on one server. */
import { expect, test } from 'vitest'
import { runChild } from '../processes/child.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { read, storeOn } from './rows.js'

/** With other tests on the same cores, a round may take long. */
const LIMIT_MS = 90_000

const PROCESSES = 4
const ROUNDS = 80
const KEYS = 2

test('commits with checks by four processes lose no update', { timeout: LIMIT_MS }, async () => {
  const prefix = newPrefix()
  const args = [redisUrl(), prefix, String(ROUNDS), String(KEYS)]
  const ended = await Promise.all(
    Array.from({ length: PROCESSES }, () =>
      runChild('redis-adder.mjs', args, { deadlineMs: 60_000 }),
    ),
  )
  for (const child of ended) expect(child).toMatchObject({ code: 0, stderr: '' })
  const store = storeOn(redisUrl(), { prefix })
  let sum = 0
  for (let at = 0; at < KEYS; at++)
    sum += Number.parseInt((await read(store, `number ${at}`)) ?? '', 10)
  expect(sum).toBe(PROCESSES * ROUNDS)
  // Without a single one in each other's way the test would show nothing.
  expect(ended.reduce((again, { stdout }) => again + Number(stdout), 0)).toBeGreaterThan(0)
})
