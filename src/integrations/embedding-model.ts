/** Embedding models of the AI SDK whose vectors come from a dict: for `ai` 5 and 6. */
import type { DictFace } from './dict-face.js'
import { EmbeddingCache, type EmbeddingCacheOptions, type Vector } from './embedding-cache.js'

interface EmbedParams {
  readonly values: readonly unknown[]
  readonly abortSignal?: AbortSignal | undefined
  readonly headers?: unknown
  readonly providerOptions?: unknown
}

/** What a model of embeddings answers. */
export interface EmbedResult {
  /** The vectors, in the order of the texts. */
  readonly embeddings: readonly Vector[]
  /** What the call took; left out by models that do not tell. */
  readonly usage?: { readonly tokens: number } | undefined
}

/** What is asked of a model, in every version of the specification. */
export interface EmbeddingModelFace {
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall?: PromiseLike<number | undefined> | number | undefined
  doEmbed(params: never): PromiseLike<EmbedResult>
}

/**
 * The same model, with vectors from the dict: each text is embedded once, and only missing ones are
 * sent. `usage` counts the tokens of those.
 */
export function cachedEmbeddingModel<M extends EmbeddingModelFace>(
  model: M,
  dict: DictFace,
  options: EmbeddingCacheOptions = {},
): M {
  const doEmbed = async (params: EmbedParams): Promise<unknown> => {
    const { values, abortSignal: _signal, headers: _headers, ...counted } = params
    const texts = values.map(String)
    const batchSize = options.batchSize ?? (await model.maxEmbeddingsPerCall) ?? texts.length
    const cache = new EmbeddingCache(dict, 'persistdict:ai-sdk', {
      ...options,
      batchSize: Math.min(Math.max(1, batchSize), Number.MAX_SAFE_INTEGER),
    })
    let tokens = 0
    const { provider, modelId } = model
    const embeddings = await cache.vectors(
      texts,
      { provider, modelId, ...counted },
      async (missing) => {
        const result = await model.doEmbed({ ...params, values: missing } as never)
        tokens += result.usage?.tokens ?? 0
        return result.embeddings
      },
    )
    return { embeddings, usage: { tokens }, warnings: [] }
  }
  // All else is the model's own: classes keep parts of theirs in private fields.
  return new Proxy(model, {
    get(target, name) {
      if (name === 'doEmbed') return doEmbed
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
