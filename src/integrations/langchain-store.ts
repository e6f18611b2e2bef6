import { BaseStore } from '@langchain/core/stores'
import type { DictFace } from './dict-face.js'

/** A store of bytes of LangChain over a dict: for CacheBackedEmbeddings, document stores and the like. */
export class PersistDictStore extends BaseStore<string, Uint8Array> {
  override lc_namespace = ['persistdict', 'stores']
  readonly #dict: DictFace

  /** The dict, or a namespace of one, holds nothing else. */
  constructor(dict: DictFace) {
    super()
    this.#dict = dict
  }

  override async mget(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    return (await this.#dict.getMany(keys)) as (Uint8Array | undefined)[]
  }

  override async mset(pairs: [string, Uint8Array][]): Promise<void> {
    await this.#dict.setMany(pairs)
  }

  override async mdelete(keys: string[]): Promise<void> {
    await this.#dict.deleteMany(keys)
  }

  override async *yieldKeys(prefix?: string): AsyncGenerator<string> {
    for await (const key of this.#dict.keys(prefix === undefined ? {} : { prefix })) yield key
  }
}
