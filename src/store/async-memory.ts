import { asyncOver } from './async-over.js'
import type { AsyncStore } from './async-store.js'
import { memoryStore } from './memory.js'

/**
 * A new, empty asynchronous store in the memory of this process, for tests of programs whose store is
 * a server. Each call makes one of its own.
 */
export function asyncMemoryStore(): AsyncStore {
  return asyncOver(memoryStore())
}
