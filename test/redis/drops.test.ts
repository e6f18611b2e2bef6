/** Rows that Redis drops by itself are told, each once. */
import { describe, expect, test } from 'vitest'
import { ownServer, put, storeOn, until } from './rows.js'

const ROWS = 40

describe.each([
  ['with keyspace notifications', ['--notify-keyspace-events', 'Ex']],
  ['without keyspace notifications', []],
])('%s', (_, settings) => {
  test('onDrop() tells each row that Redis dropped once, to one of those who listen', async () => {
    const server = await ownServer(...settings)
    const told: string[] = []
    const stores = [1, 2].map(() => storeOn(server.url, { prefix: 'app' }))
    for (const store of stores) {
      store.onDrop?.((bucket, { key, deadline }) =>
        told.push(`${bucket} ${String(key)} ${deadline}`),
      )
    }
    // It neither listens nor takes away what others should hear of.
    const counting = storeOn(server.url, { prefix: 'app' })
    // Later than all writes are done, on a slow machine too.
    const deadline = Date.now() + 2_000
    const wanted: string[] = []
    for (let at = 0; at < ROWS; at++) {
      await put(stores[at % 2] ?? counting, `key ${at}`, 'value', deadline + at)
      wanted.push(`rows key ${at} ${deadline + at}`)
    }
    await put(counting, 'staying', 'value', Date.now() + 60_000)
    await until(async () => (await counting.count('rows', {}, Date.now())) === 1)
    await until(() => told.length >= ROWS)
    expect(told.sort()).toEqual(wanted.sort())
    expect(await server.ask('ZCARD', '{app}:i:rows')).toBe(':1')
  })
})
