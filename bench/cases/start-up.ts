import { type BenchCase, OURS } from '../harness/case.js'
import { importMs } from '../loading/loaded-files.js'

const NS_PER_MS = 1e6

export const bench: BenchCase = {
  what: "import of the package in a new process: import 'persistdict', and so on",
  notes: ['persistdict loads lmdb when the first store is opened, which this leaves out'],
  setUp: () => ({
    operations: 1,
    answer: 1,
    sides: [OURS, 'keyv', 'lmdb', 'cacheable', 'unstorage'].map((name) => {
      let elapsedMs = 0
      return {
        name,
        async run() {
          elapsedMs = await importMs(name)
          return 1
        },
        cost: () => elapsedMs * NS_PER_MS,
      }
    }),
  }),
}
