export type { AnswerStats } from './integrations/answer-cache.js'
export {
  type CachedFetch,
  type CachedFetchOptions,
  cachedFetch,
  type Fetch,
} from './integrations/cached-fetch.js'
