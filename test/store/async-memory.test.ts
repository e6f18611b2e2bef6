import { describe, test } from 'vitest'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import { asyncStoreLaws } from '../../src/testing.js'

describe('the laws of AsyncStore, on memory', () => {
  for (const law of asyncStoreLaws) test(law.title, () => law.check(asyncMemoryStore))
})
