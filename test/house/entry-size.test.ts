/** What importing each entry point reads, in bytes: a dependency that slips in shows here first. */
import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadedFiles } from '../../bench/loading/loaded-files.js'

const KIB = 1_024

/**
 * Ceilings in KiB, with what is loaded besides our own files. About a tenth above what it was when the
 * ceiling was set. Raise one only with its story.
 */
const CEILINGS: Readonly<Record<string, number>> = {
  // Once 1,813, of which 834 were zod, 330 of these its messages in other languages; and our comments.
  // What is built now is what is used, without comments: 176 of zod, 520 of ours, and 158 of dependencies.
  persistdict: 940,
  'persistdict/tiered': 880,
  // The same, and the files that read settings and make stores of them.
  'persistdict/config': 1_140,
  // Stores load their client or engine when the first one is opened. 24 of each are our errors.
  'persistdict/sqlite': 60,
  // Of Redis 3 more with the times of use that `maxIdle` goes by, and 2 with versions that are assumed.
  'persistdict/redis': 98,
  // Of files 10 more with the log that keeps the books.
  'persistdict/file': 95,
  'persistdict/memory': 50,
  'persistdict/testing': 110,
  // Their peers are the application's, but for the classes of LangChain that ours extend.
  'persistdict/ai-sdk': 50,
  'persistdict/fetch': 50,
  'persistdict/keyv': 5,
  'persistdict/langchain': 270,
}

/** Finding and linking a file takes longer than reading it. It was 246 for the dict, and is 14. */
const MOST_FILES_OF_OURS = 30

test('no entry point loads more than its ceiling, and none loads a native store', async () => {
  const found = await Promise.all(
    Object.entries(CEILINGS).map(async ([entry, ceiling]) => {
      const files = await loadedFiles(entry)
      const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
      const native = files.filter((file) =>
        /node_modules\/(lmdb|better-sqlite3|redis)\//.test(file),
      )
      const ours = files.filter((file) => !file.includes('/node_modules/')).length
      return {
        entry,
        native,
        over: bytes > ceiling * KIB ? Math.ceil(bytes / KIB) : 0,
        files: ours > MOST_FILES_OF_OURS ? ours : 0,
      }
    }),
  )
  const wanted = Object.keys(CEILINGS).map((entry) => ({ entry, native: [], over: 0, files: 0 }))
  expect(found).toStrictEqual(wanted)
})
