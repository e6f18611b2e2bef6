import { describe, test } from 'vitest'
import { memoryStore } from '../../src/store/memory.js'
import { syncStoreLaws } from '../../src/testing.js'

describe('the laws of SyncStore, on memory', () => {
  for (const law of syncStoreLaws) test(law.title, () => law.check(memoryStore))
})
