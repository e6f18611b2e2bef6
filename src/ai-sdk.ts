export type { AnswerStats } from './integrations/answer-cache.js'
export type { EmbeddingCacheOptions } from './integrations/embedding-cache.js'
export { cachedEmbeddingModel } from './integrations/embedding-model.js'
export {
  type LanguageModelCache,
  type LanguageModelCacheOptions,
  languageModelCache,
} from './integrations/language-model.js'
