import { type BenchCase, OURS } from '../harness/case.js'
import { loadedBytes } from '../loading/loaded-files.js'

export const bench: BenchCase = {
  what: "bytes of all files that are read to import the package: import 'persistdict', and so on",
  unit: 'bytes',
  notes: [
    'With what the package depends on. persistdict and keyv load no store before one is opened',
  ],
  setUp: () => ({
    operations: 1,
    answer: 1,
    rounds: 1,
    sides: [OURS, 'keyv', 'lmdb', 'cacheable', 'unstorage'].map((name) => {
      let bytes = 0
      return {
        name,
        async run() {
          bytes = await loadedBytes(name)
          return 1
        },
        cost: () => bytes,
      }
    }),
  }),
}
