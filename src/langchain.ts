export { type LangChainCacheOptions, PersistDictCache } from './integrations/langchain-cache.js'
export {
  CachedEmbeddings,
  type CachedEmbeddingsOptions,
} from './integrations/langchain-embeddings.js'
export { PersistDictStore } from './integrations/langchain-store.js'
