/** Several processes on one server. */
import { expect, test } from 'vitest'
import { startChild } from '../processes/child.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { read, storeOn } from './rows.js'

const PROCESSES = 4
const ROUNDS = 80
const KEYS = 2

test('commits with checks by four processes lose no update', async () => {
  const prefix = newPrefix()
  const args = [redisUrl(), prefix, String(ROUNDS), String(KEYS)]
  const adders = Array.from({ length: PROCESSES }, () => startChild('redis-adder.mjs', args))
  await Promise.all(adders.map((child) => child.line((line) => line === 'ready')))
  for (const { process } of adders) process.stdin?.write('go\n')
  const ended = await Promise.all(adders.map((child) => child.ended))
  for (const child of ended) expect(child).toMatchObject({ code: 0, stderr: '' })
  const store = storeOn(redisUrl(), { prefix })
  let sum = 0
  for (let at = 0; at < KEYS; at++)
    sum += Number.parseInt((await read(store, `number ${at}`)) ?? '', 10)
  expect(sum).toBe(PROCESSES * ROUNDS)
  // Without a single one in each other's way the test would show nothing.
  expect(
    ended.reduce((again, { stdout }) => again + Number(stdout.split('\n')[1]), 0),
  ).toBeGreaterThan(0)
})
