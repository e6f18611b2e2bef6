/**
 * Stores in memory, synchronous and asynchronous: for tests, and for what need not survive.
 *
 * @packageDocumentation
 */
export { asyncMemoryStore } from './store/async-memory.js'
export { memoryStore } from './store/memory.js'
