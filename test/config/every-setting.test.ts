/** Every setting does something: the model is walked, and each leaf of it has its proof. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inputModel } from '../../src/config/check-config.js'
import { openModel } from '../../src/open/open-options.js'
import { type RedisServer, startRedis } from '../redis/server.js'
import { redisProofs, SERVER_SETTINGS, tieredProofs } from './async-proofs.js'
import { CIPHER_PROOFS } from './cipher-proofs.js'
import { DICT_PROOFS } from './dict-proofs.js'
import { leaves } from './leaves.js'
import type { Proof } from './proofs.js'
import { STORE_PROOFS } from './store-proofs.js'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis(SERVER_SETTINGS)
})
afterAll(() => server.stop())

const PROOFS: Readonly<Record<string, Proof>> = {
  ...DICT_PROOFS,
  ...STORE_PROOFS,
  ...CIPHER_PROOFS,
  ...redisProofs(() => server),
  ...tieredProofs(() => server),
}

test('the model has leaves, and each has a proof; there is none for anything else', () => {
  expect(leaves().length).toBeGreaterThan(90)
  expect(Object.keys(PROOFS).sort()).toEqual([...leaves()].sort())
})

describe('changes what happens:', () => {
  test.each(leaves())('%s', async (leaf) => {
    await PROOFS[leaf]?.()
  })
})

/** Options of open() that are functions, or objects with some: no plain data can say them. */
const ONLY_IN_CODE = ['types', 'keySerializer', 'keyHash', 'schema', 'clock']

test('every option of open() is a setting, or one that no plain data can say', () => {
  const settings = new Set([...Object.keys(inputModel.shape), ...ONLY_IN_CODE, 'lmdb'])
  expect(Object.keys(openModel().shape).filter((name) => !settings.has(name))).toEqual([])
})
