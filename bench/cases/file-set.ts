import { type BenchCase, OURS } from '../harness/case.js'
import { keyvFile } from '../sides/keyv-file.js'
import { empty } from '../sides/kind.js'
import { persistdictOn } from '../sides/persistdict-on.js'
import { plainFiles } from '../sides/plain-files.js'
import { unstorageFiles } from '../sides/unstorage-files.js'

export const bench: BenchCase = {
  what: 'one write on the file store, committed before the next one starts',
  notes: [
    "persistdict has durability 'commit', and appends the count of entries to a log; nobody syncs",
    'keyv, through keyv-file, writes one file with all entries each time, so its cost grows with them',
  ],
  setUp(stage) {
    const records = stage.records(stage.count(200, 50))
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, persistdictOn('file', { durability: 'commit' }), (dict) => {
          for (const [key, value] of records) dict.set(key, value)
          return records.size
        }),
        empty(stage, 'plain files', plainFiles(), (files) => {
          for (const [key, value] of records) files.set(key, value)
          return records.size
        }),
        empty(stage, 'unstorage', unstorageFiles(), async (storage) => {
          for (const [key, value] of records) await storage.setItem(key, value)
          return records.size
        }),
        empty(stage, 'keyv', keyvFile(), async (keyv) => {
          for (const [key, value] of records) await keyv.set(key, value)
          return records.size
        }),
      ],
    }
  },
}
