/** Mirrors over Redis: copies in memory that become alike, also over a death of the server. */
import { expect, onTestFinished, test } from 'vitest'
import { openAsync, UnreachableError } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { type Mirror, mirror } from '../../src/tiered.js'
import { runChild } from '../processes/child.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { ownServer, until } from './rows.js'

type Bag = Record<string, unknown>

/** So long that nothing is looked for: what comes has been told. */
const NEVER_MS = 2 ** 30

/** A mirror as another process would have it: with a connection and a dict of its own. */
async function mirrored(url: string): Promise<Mirror<Bag>> {
  // By another name of the host, so that the dicts share nothing.
  const far = await openAsync<Bag>(redisStore({ url, prefix: 'app', timeout: 5_000 }))
  const copy = await mirror<Bag>(far, { refreshMs: NEVER_MS })
  onTestFinished(async () => {
    await copy.close()
    await far.close()
  })
  return copy
}

test('what another process changes in Redis comes without looking', async () => {
  const prefix = newPrefix()
  const far = await openAsync<Bag>(redisStore({ url: redisUrl(), prefix }))
  onTestFinished(() => far.close())
  await far.set('count', 1)
  await far.set('gone', 1)
  const copy = await mirror<Bag>(far, { refreshMs: NEVER_MS })
  onTestFinished(() => copy.close())
  const errors: unknown[] = []
  copy.onError((error) => errors.push(error))
  const args = [JSON.stringify({ url: redisUrl(), prefix })]
  const child = await runChild('redis-changes.mjs', args)
  expect(child).toMatchObject({ code: 0, stderr: '' })
  await until(() => copy.object.last === 'value')
  const other = await openAsync<Bag>(
    redisStore({ url: redisUrl().replace('127.0.0.1', 'localhost'), prefix }),
  )
  onTestFinished(() => other.close())
  await other.delete('gone')
  await other.set('count', 9, { tags: ['t'] })
  await until(() => !('gone' in copy.object) && copy.object.count === 9)
  expect({ ...copy.object }).toEqual({ count: 9, last: 'value' })
  // Back from here to there, and heard there.
  const theirs = await mirror<Bag>(other, { refreshMs: NEVER_MS })
  onTestFinished(() => theirs.close())
  copy.object.count = 10
  await until(() => theirs.object.count === 10)
  expect(errors).toEqual([])
})

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
