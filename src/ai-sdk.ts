/**
 * Adapters for the AI SDK: answers, streams and embeddings from a dict.
 *
 * @packageDocumentation
 */
export type { AnswerStats } from './integrations/answer-cache.js'
export type { ComputeFace, DictFace, SetFace } from './integrations/dict-face.js'
export type { EmbeddingCacheOptions, Vector } from './integrations/embedding-cache.js'
export {
  cachedEmbeddingModel,
  type EmbeddingModelFace,
  type EmbedResult,
} from './integrations/embedding-model.js'
export {
  type CallParams,
  type LanguageModelCache,
  type LanguageModelCacheOptions,
  languageModelCache,
  type ModelName,
  type StreamResult,
} from './integrations/language-model.js'
