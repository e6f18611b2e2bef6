export { asyncMemoryStore } from './store/async-memory.js'
export { memoryStore } from './store/memory.js'
