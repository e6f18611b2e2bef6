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
    // All are connected before the time begins in which the writes must be done.
    await Promise.all(stores.map((store) => put(store, 'staying', 'value')))
    await put(counting, 'staying', 'value')
    const keys = Array.from({ length: ROWS }, (_, at) => `key ${at}`)
    let deadline = 0
    // All must be there before the first one goes: on a machine that is busy, they get more time, and more.
    for (let liveMs = 2_000; Date.now() >= deadline; liveMs *= 2) {
      deadline = Date.now() + liveMs
      await Promise.all(
        keys.map((key, at) => put(stores[at % 2] ?? counting, key, 'value', deadline + at)),
      )
    }
    const wanted = keys.map((key, at) => `rows ${key} ${deadline + at}`)
    await until(async () => (await counting.count('rows', {}, Date.now())) === 1)
    const toldOf = () => told.filter((row) => wanted.includes(row))
    await until(() => toldOf().length >= ROWS)
    expect(toldOf().sort()).toEqual(wanted.sort())
    expect(await server.ask('ZCARD', '{app}:i:rows')).toBe(':1')
  })
})
