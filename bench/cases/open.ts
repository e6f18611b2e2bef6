import { type BenchCase, OURS, type Side } from '../harness/case.js'
import type { BenchRecord } from '../harness/data.js'
import { filled, type Kind } from '../sides/kind.js'
import { lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'open a store of 100,000 entries and read one (a quick run: 10,000)',
  goals: [{ costAtMost: 50e6 }],
  notes: [
    'Modules are loaded before, the file is in the memory of the system, closing is not timed',
  ],
  setUp(stage) {
    const records = stage.records(stage.count(100_000, 10_000))
    const [key, { id }] = [...records][records.size >> 1] as [string, BenchRecord]

    /** Opens the folder of a filled store, which is closed meanwhile. */
    const opened = <T>(name: string, kind: Kind<T>): Side => {
      let folder = ''
      let store: T | undefined
      const open = (place: string) => {
        folder = place
        return kind.open(place)
      }
      const filling = filled(stage, name, { ...kind, open }, records, () => 0)
      const close = async () => {
        if (store !== undefined) await kind.close(store)
        store = undefined
      }
      return {
        name,
        async prepare() {
          await close()
          if (folder !== '') return
          await filling.prepare?.()
          await filling.close?.()
        },
        run() {
          store = kind.open(folder)
          return (kind.read(store, key) as BenchRecord).id
        },
        read: (wanted) => kind.read(store as T, wanted),
        close,
      }
    }

    return {
      operations: 1,
      answer: id,
      stored: records,
      sides: [
        opened(OURS, persistdict()),
        opened('lmdb', lmdb()),
        opened('better-sqlite3', sqlite('NORMAL')),
      ],
    }
  },
}
