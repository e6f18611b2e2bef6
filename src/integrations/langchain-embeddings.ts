import { Embeddings, type EmbeddingsInterface } from '@langchain/core/embeddings'
import type { DictFace } from './dict-face.js'
import { EmbeddingCache, type EmbeddingCacheOptions } from './embedding-cache.js'

/** Options of CachedEmbeddings. */
export interface CachedEmbeddingsOptions extends EmbeddingCacheOptions {
  /** Names the model and its settings: vectors of one model are never taken for those of another. */
  readonly model: string
}

/**
 * Embeddings of LangChain whose vectors come from a dict: of documents and of queries, which some
 * models embed differently.
 */
export class CachedEmbeddings extends Embeddings {
  readonly #inner: EmbeddingsInterface
  readonly #model: string
  readonly #cache: EmbeddingCache

  constructor(inner: EmbeddingsInterface, dict: DictFace, options: CachedEmbeddingsOptions) {
    super({})
    this.#inner = inner
    this.#model = options.model
    this.#cache = new EmbeddingCache(dict, 'persistdict:langchain', options)
  }

  /** The vectors of the documents, in their order; only those that are missing are computed. */
  override embedDocuments(documents: string[]): Promise<number[][]> {
    const of = { model: this.#model, kind: 'document' }
    return this.#cache.vectors(documents, of, (missing) => this.#inner.embedDocuments(missing))
  }

  /** The vector of a query, computed if it is missing. */
  override async embedQuery(query: string): Promise<number[]> {
    const of = { model: this.#model, kind: 'query' }
    const [vector] = await this.#cache.vectors([query], of, async (missing) =>
      Promise.all(missing.map((text) => this.#inner.embedQuery(text))),
    )
    return vector as number[]
  }
}
