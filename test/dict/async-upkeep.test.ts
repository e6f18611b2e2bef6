/** Tags, watching and upkeep of an asynchronous dict over a synchronous store. */
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../src/open/open.js'
import { openAsync } from '../../src/open/open-async.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { tempDirectory } from '../processes/temp-directory.js'

test('an asynchronous dict on LMDB watches, invalidates, verifies, is backed up and compacted', async () => {
  const root = tempDirectory()
  const dict = await openAsync<Record<string, unknown>>(lmdbStore(`${root}/dict`))
  onTestFinished(() => dict.close())
  const watch = dict.watch()
  await dict.set('a', 1, { tags: ['t'] })
  await dict.set('b', 2)
  await dict.flush()
  expect((await watch.next()).value).toMatchObject({ event: 'set', key: 'a', value: 1 })
  await dict.invalidateTag('t')
  expect(await dict.getMany(['a', 'b'])).toEqual([undefined, 2])
  expect(await dict.verify({ repair: true })).toMatchObject({ entries: 2, findings: 0 })
  expect([await dict.quarantine.size(), await dict.quarantine.restore()]).toEqual([0, 0])
  expect(await dict.quarantine.discard()).toBe(0)
  for await (const _ of dict.quarantine) expect.unreachable()
  const { beforeBytes, afterBytes } = await dict.compact()
  expect(afterBytes).toBeLessThanOrEqual(beforeBytes)
  await dict.backup(`${root}/backup`)
  using copy = open(`${root}/backup`)
  expect(copy.toObject()).toEqual({ b: 2 })
  await expect(dict.rotateKeys()).rejects.toThrow(/cipher/)
})
