/** A cache of LangChain (https://js.langchain.com) for models: `new ChatOpenAI({ cache })`. */
import { BaseCache, deserializeStoredGeneration, serializeGeneration } from '@langchain/core/caches'
import type { StoredGeneration } from '@langchain/core/messages'
import type { Generation } from '@langchain/core/outputs'
import type { Duration } from '../duration.js'
import { canonicalKey } from '../recipes/canonical-key.js'
import { isComplete } from './answer.js'
import { type DictFace, within } from './dict-face.js'

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

  constructor(dict: DictFace, options: LangChainCacheOptions = {}) {
    super()
    this.#dict = dict
    this.#options = options
  }

  /** Null if there are none, or if the dict fails, which `'error'` is told of. Always objects of its own. */
  async lookup(prompt: string, llmKey: string): Promise<Generation[] | null> {
    try {
      const found = await this.#answers().get(this.#key(prompt, llmKey))
      if (found === undefined) return null
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
      if (!generations.every(isWhole) || !shouldCache(generations)) return
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

  #failed(error: unknown): void {
    try {
      this.#dict.reportError(error)
    } catch {
      // The dict is closed: nobody listens to it any more.
    }
  }
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
