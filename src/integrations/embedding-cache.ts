/**
 * Embeddings from a dict: each text is embedded once, by whichever process comes first, and only the
 * texts that are missing are sent to the model. Vectors are stored with 32 bits a number, as models
 * compute them: an array of doubles comes back rounded to that.
 */
import type { Duration } from '../duration.js'
import { type DictFace, within } from './dict-face.js'

/** Options of caches of embeddings. */
export interface EmbeddingCacheOptions {
  /** Whose vectors these are; see AnswerCacheOptions. @default one scope for all */
  readonly scope?: string | undefined
  /** Another version makes all keys others. */
  readonly version?: string | number | undefined
  /** How long vectors live. Null for ever. @default null: a text's vector does not change */
  readonly ttl?: Duration | null | undefined
  /** Most texts of one call to the model. @default 100 */
  readonly batchSize?: number | undefined
}

/** A vector as models return it. */
export type Vector = readonly number[]

/** Texts of one call: what a provider's interface takes without asking. */
const DEFAULT_BATCH = 100

interface Item {
  readonly text: string
  /** The model and its settings: what else the vector depends on. */
  readonly model: unknown
}

export class EmbeddingCache {
  readonly #dict: DictFace
  readonly #options: EmbeddingCacheOptions

  /** `name` is the namespace of the vectors. */
  constructor(dict: DictFace, name: string, options: EmbeddingCacheOptions) {
    this.#dict = within(dict, name)
    this.#options = options
  }

  /**
   * The vectors of texts, in their order. `model` is all that they depend on besides; `embed` gets the
   * missing texts, each once. Rejects with what `embed` throws: what was embedded before is stored.
   */
  async vectors(
    texts: readonly string[],
    model: unknown,
    embed: (texts: string[]) => PromiseLike<readonly Vector[]>,
  ): Promise<number[][]> {
    const { scope, version, ttl = null, batchSize = DEFAULT_BATCH } = this.#options
    let failure: { readonly error: unknown } | undefined
    const compute = async (items: Item[]): Promise<Float32Array[]> => {
      try {
        const vectors = await embed(items.map(({ text }) => text))
        return vectors.map((vector) => Float32Array.from(vector))
      } catch (error) {
        failure = { error }
        throw error
      }
    }
    const cached = this.#dict.memoizeMany<Item, Float32Array>(compute, {
      name: 'vectors',
      key: ({ text, model: of }) => [scope, version, of, text],
      ttl,
      batchSize,
    })
    try {
      const found = await cached(texts.map((text) => ({ text, model })))
      return found.map((vector) => Array.from(vector))
    } catch (error) {
      if (failure !== undefined) throw failure.error
      // The dict failed, and not the model: it must not fail the call.
      this.#dict.reportError(error)
      return (await embed([...texts])).map((vector) => [...vector])
    }
  }
}
