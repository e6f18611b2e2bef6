/** Mirrors over Redis: copies in memory that become alike, also over a death of the server. */
import { expect, onTestFinished, test } from 'vitest'
import { openAsync, UnreachableError } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { type Mirror, mirror } from '../../src/tiered.js'
import { ownServer, until } from './rows.js'

type Bag = Record<string, unknown>

const REFRESH_MS = 20

/** A mirror as another process would have it: with a connection and a dict of its own. */
async function mirrored(url: string): Promise<Mirror<Bag>> {
  // By another name of the host, so that the dicts share nothing.
  const far = await openAsync<Bag>(redisStore({ url, prefix: 'app', timeout: 1_000 }))
  const copy = await mirror<Bag>(far, { refreshMs: REFRESH_MS })
  onTestFinished(async () => {
    await copy.close()
    await far.close()
  })
  return copy
}

test('two mirrors over Redis become alike, and what was changed while the server was away is sent', async () => {
  const server = await ownServer('--appendonly', 'yes', '--appendfsync', 'always')
  const one = await mirrored(server.url)
  const other = await mirrored(server.url.replace('127.0.0.1', 'localhost'))
  one.object.list = [1]
  await until(() => JSON.stringify(other.object) === '{"list":[1]}')
  ;(other.object.list as number[]).push(2)
  other.object.gone = 1
  await until(() => JSON.stringify(one.object) === '{"list":[1,2],"gone":1}')
  const errors: unknown[] = []
  one.onError((error) => errors.push(error))
  await server.kill()
  delete one.object.gone
  one.object.meanwhile = { n: 1 }
  await until(() => errors.length > 0)
  expect(errors[0]).toBeInstanceOf(UnreachableError)
  // Reading and writing the copy never wait for the server.
  expect({ ...one.object }).toEqual({ list: [1, 2], meanwhile: { n: 1 } })
  await server.start()
  await until(() => JSON.stringify(other.object) === '{"list":[1,2],"meanwhile":{"n":1}}')
})
