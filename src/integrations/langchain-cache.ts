/** A cache of LangChain (https://js.langchain.com) for models: `new ChatOpenAI({ cache })`. */
import { BaseCache, deserializeStoredGeneration, serializeGeneration } from '@langchain/core/caches'
import type { StoredGeneration } from '@langchain/core/messages'
import type { Generation } from '@langchain/core/outputs'
import type { Duration } from '../duration.js'
import { canonicalKey } from '../recipes/canonical-key.js'
import { isComplete } from './answer.js'
import type { AnswerStats } from './answer-cache.js'
import { type DictFace, within } from './dict-face.js'

/** Options of PersistDictCache. */
export interface LangChainCacheOptions {
  /** Whose answers these are: those of one scope are never given to another. @default one for all */
  readonly scope?: string | undefined
  /** Another version makes all keys others. */
  readonly version?: string | number | undefined
  /** How long answers live. Null for ever. @default the dict's `ttl` */
  readonly ttl?: Duration | null | undefined
  /** Whether generations that are complete are stored. */
  readonly shouldCache?: ((generations: readonly Generation[]) => boolean) | undefined
}

/**
 * LangChain looks up before it asks the model, and stores after: so calls at the same time are not
 * joined. Wrap the model's `fetch` by cachedFetch() where that matters. Its `stream()` asks no cache.
 */
export class PersistDictCache extends BaseCache {
  readonly #dict: DictFace
  readonly #options: LangChainCacheOptions
  readonly #stats = {
    hits: 0,
    misses: 0,
    notStored: 0,
    errors: 0,
    inputTokensSaved: 0,
    outputTokensSaved: 0,
  }

  constructor(dict: DictFace, options: LangChainCacheOptions = {}) {
    super()
    this.#dict = dict
    this.#options = options
  }

  /** What it did since it was made. How long the model took, LangChain does not tell. */
  stats(): Omit<AnswerStats, 'msSaved'> {
    return { ...this.#stats }
  }

  /** Null if there are none, or if the dict fails, which `'error'` is told of. Always objects of its own. */
  async lookup(prompt: string, llmKey: string): Promise<Generation[] | null> {
    try {
      const found = await this.#answers().get(this.#key(prompt, llmKey))
      if (found === undefined) {
        this.#stats.misses++
        return null
      }
      this.#hit(found as StoredGeneration[])
      // What deserializing makes is the caller's: a hit may be changed in place.
      return structuredClone(found as StoredGeneration[]).map(deserializeStoredGeneration)
    } catch (error) {
      this.#failed(error)
      return null
    }
  }

  /** Stores generations, unless one was truncated or filtered. Never rejects. */
  async update(prompt: string, llmKey: string, generations: Generation[]): Promise<void> {
    try {
      const { ttl, shouldCache = () => true } = this.#options
      if (!generations.every(isWhole) || !shouldCache(generations)) {
        this.#stats.notStored++
        return
      }
      const stored = generations.map((generation) => plainOf(serializeGeneration(generation)))
      await this.#answers().set(this.#key(prompt, llmKey), stored, { ttl })
    } catch (error) {
      this.#failed(error)
    }
  }

  #answers(): DictFace {
    return within(this.#dict, 'persistdict:langchain')
  }

  #key(prompt: string, llmKey: string): string {
    const { scope, version } = this.#options
    return canonicalKey({ scope, version, prompt, llmKey })
  }

  #hit(generations: readonly StoredGeneration[]): void {
    this.#stats.hits++
    for (const { message } of generations) {
      const data = message?.data as { usage_metadata?: TokenCounts } | undefined
      this.#stats.inputTokensSaved += data?.usage_metadata?.input_tokens ?? 0
      this.#stats.outputTokensSaved += data?.usage_metadata?.output_tokens ?? 0
    }
  }

  #failed(error: unknown): void {
    this.#stats.errors++
    try {
      this.#dict.reportError(error)
    } catch {
      // The dict is closed: nobody listens to it any more.
    }
  }
}

/** As LangChain's messages tell them. */
interface TokenCounts {
  readonly input_tokens?: number
  readonly output_tokens?: number
}

/** Why a generation ended is said in one of two places. */
function isWhole(generation: Generation): boolean {
  const { generationInfo } = generation
  const { message } = generation as { message?: { response_metadata?: unknown } }
  return [generationInfo, message?.response_metadata].every((info) =>
    isComplete({ choices: [info], ...(info as object | undefined) }),
  )
}

/** JSON, as LangChain's own caches store it: instances of its classes are no values of a dict. */
function plainOf(stored: StoredGeneration): unknown {
  return JSON.parse(JSON.stringify(stored))
}
