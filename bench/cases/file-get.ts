import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { keyvFile } from '../sides/keyv-file.js'
import { filled } from '../sides/kind.js'
import { persistdictOn } from '../sides/persistdict-on.js'
import { plainFiles } from '../sides/plain-files.js'
import { unstorageFiles } from '../sides/unstorage-files.js'

export const bench: BenchCase = {
  what: 'get() on the file store without a read cache, in random order',
  notes: [
    'unstorage is asynchronous, each read awaited; plain files are JSON.parse(readFileSync())',
    'keyv, through keyv-file, has all entries in memory and reads no file',
  ],
  setUp(stage) {
    const records = stage.records(stage.count(1_000, 200))
    const keys = stage.shuffled(records.keys())
    const withoutCache = persistdictOn('file', { durability: 'commit', cache: { maxEntries: 0 } })
    return {
      operations: keys.length,
      answer: sumOfIds(records.values()),
      stored: records,
      sides: [
        filled(stage, OURS, withoutCache, records, (dict) => {
          let sum = 0
          for (const key of keys) sum += dict.get(key)?.id ?? 0
          return sum
        }),
        filled(stage, 'plain files', plainFiles(), records, (files) => {
          let sum = 0
          for (const key of keys) sum += files.get(key).id
          return sum
        }),
        filled(stage, 'unstorage', unstorageFiles(), records, async (storage) => {
          let sum = 0
          for (const key of keys) sum += (await storage.getItem(key))?.id ?? 0
          return sum
        }),
        filled(stage, 'keyv', keyvFile(), records, async (keyv) => {
          let sum = 0
          for (const key of keys) sum += (await keyv.get(key)).id
          return sum
        }),
      ],
    }
  },
}
