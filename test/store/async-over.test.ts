import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileStore } from '../../src/file.js'
import { sqliteStore } from '../../src/sqlite.js'
import { asyncOver } from '../../src/store/async-over.js'
import { asyncStoreLaws } from '../../src/testing.js'
import { tempDirectory } from '../processes/temp-directory.js'

describe('the laws of AsyncStore, over SQLite', () => {
  const make = () => asyncOver(sqliteStore(join(tempDirectory(), 'data.db')))
  for (const law of asyncStoreLaws) test(law.title, () => law.check(make))
})

describe('the laws of AsyncStore, over files', () => {
  const make = () => asyncOver(fileStore(join(tempDirectory(), 'store')))
  for (const law of asyncStoreLaws) test(law.title, () => law.check(make))
})

test('onInvalidate() tells of commits by others, without their keys, and not so of its own', async () => {
  const file = join(tempDirectory(), 'data.db')
  const [own, other] = [asyncOver(sqliteStore(file)), asyncOver(sqliteStore(file))]
  const told: (Uint8Array | undefined)[] = []
  const key = Uint8Array.of(1)
  const put = { kind: 'put', bucket: 'rows', key, record: key, deadline: 0 } as const
  const batch = { promise: 'committed', checks: [], operations: [put] } as const
  const heard = new Promise<void>((resolve) => {
    own.onInvalidate((_, changed) => {
      told.push(changed)
      if (changed === undefined) resolve()
    })
  })
  for (let round = 0; round < 20; round++) await own.commit(batch)
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual(Array.from({ length: 20 }, () => key))
  await other.commit(batch)
  await heard
  await own.close()
  await other.close()
})
