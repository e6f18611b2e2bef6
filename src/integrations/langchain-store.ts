import { BaseStore } from '@langchain/core/stores'
import type { DictFace } from './dict-face.js'

/** A store of bytes of LangChain over a dict: for CacheBackedEmbeddings, document stores and the like. */
export class PersistDictStore extends BaseStore<string, Uint8Array> {
  /** Names the class for LangChain. */
  override lc_namespace = ['persistdict', 'stores']
  readonly #dict: DictFace

  /** The dict, or a namespace of one, holds nothing else. */
  constructor(dict: DictFace) {
    super()
    this.#dict = dict
  }

  /** The stored bytes, in the order of the keys; undefined for each that is absent or expired. */
  override async mget(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    return (await this.#dict.getMany(keys)) as (Uint8Array | undefined)[]
  }

  /** Stores all pairs in one transaction. */
  override async mset(pairs: [string, Uint8Array][]): Promise<void> {
    await this.#dict.setMany(pairs)
  }

  /** Removes the keys that are there. */
  override async mdelete(keys: string[]): Promise<void> {
    await this.#dict.deleteMany(keys)
  }

  /** The keys, in the order of their bytes; with a prefix, those that begin with it. */
  override async *yieldKeys(prefix?: string): AsyncGenerator<string> {
    for await (const key of this.#dict.keys(prefix === undefined ? {} : { prefix })) yield key
  }
}
