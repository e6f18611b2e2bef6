/**
 * Adapters for LangChain: a cache of answers, embeddings, a store of bytes.
 *
 * @packageDocumentation
 */
export type { ComputeFace, DictFace, SetFace } from './integrations/dict-face.js'
export { type LangChainCacheOptions, PersistDictCache } from './integrations/langchain-cache.js'
export {
  CachedEmbeddings,
  type CachedEmbeddingsOptions,
} from './integrations/langchain-embeddings.js'
export { PersistDictStore } from './integrations/langchain-store.js'
