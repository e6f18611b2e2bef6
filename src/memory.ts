export { memoryStore } from './store/memory.js'
