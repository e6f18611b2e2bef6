import { join } from 'node:path'
import { describe, test } from 'vitest'
import { fileStore } from '../../src/file.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { durableStoreLaws, syncStoreLaws } from '../../src/testing.js'
import { tempDirectory } from '../processes/temp-directory.js'

const makeStore = () => fileStore(join(tempDirectory(), 'store'))
const reopen = (store: SyncStore) => fileStore(store.location)

describe('the laws of SyncStore, on files', () => {
  for (const law of syncStoreLaws) test(law.title, () => law.check(makeStore))
  for (const law of durableStoreLaws) test(law.title, () => law.check(makeStore, reopen))
})
