/**
 * A `fetch` with a memory, for the SDKs of OpenAI, Anthropic and others.
 *
 * @packageDocumentation
 */
export type { AnswerStats } from './integrations/answer-cache.js'
export {
  type CachedFetch,
  type CachedFetchOptions,
  cachedFetch,
  type Fetch,
} from './integrations/cached-fetch.js'
export type { ComputeFace, DictFace, SetFace } from './integrations/dict-face.js'
export type { KeyExplanation, KeyPart } from './recipes/canonical-key.js'
