/** classic-level (LevelDB), values as MessagePack. */
import { ClassicLevel } from 'classic-level'
import { Packr } from 'msgpackr'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

const packr = new Packr({ useRecords: false })

export class LevelStore {
  readonly db: ClassicLevel<string, Buffer>

  constructor(folder: string) {
    this.db = new ClassicLevel(folder, { valueEncoding: 'buffer' })
  }

  /** Synchronous, as by its own method for that. It must be open. */
  get(key: string): BenchRecord | undefined {
    const bytes = this.db.getSync(key)
    return bytes && packr.unpack(bytes)
  }

  /** One batch, synced to disk or not. */
  async setAll(records: ReadonlyMap<string, BenchRecord>, sync = false): Promise<void> {
    const operations = Array.from(records, ([key, value]) => ({
      type: 'put' as const,
      key,
      // Packed bytes may share memory with the next ones: batch() copies them as it is called.
      value: packr.pack(value),
    }))
    await this.db.batch(operations, { sync })
  }

  async *entries(range: { readonly gte?: string; readonly lt?: string } = {}) {
    for await (const [key, value] of this.db.iterator(range)) {
      yield [key, packr.unpack(value) as BenchRecord] as const
    }
  }
}

export function classicLevel(): Kind<LevelStore> {
  return {
    open: (folder) => new LevelStore(folder),
    async fill(store, records) {
      await store.db.open()
      await store.setAll(records)
    },
    read: (store, key) => store.db.get(key).then((bytes) => bytes && packr.unpack(bytes)),
    settle: () => undefined,
    close: (store) => store.db.close(),
  }
}
