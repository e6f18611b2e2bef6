import { asyncBatchLaws } from './async-batch-laws.js'
import { asyncBytesLaws } from './async-bytes-laws.js'
import { asyncClosingLaws } from './async-closing-laws.js'
import { asyncDeadlineLaws } from './async-deadline-laws.js'
import { asyncJournalLaws } from './async-journal-laws.js'
import { asyncScanLaws } from './async-scan-laws.js'
import type { AsyncStoreLaw } from './async-store-law.js'
import { asyncUsesLaws } from './async-uses-laws.js'

/**
 * The contract of AsyncStore: a store that breaks none of these laws can carry an asynchronous dict.
 *
 *     for (const law of asyncStoreLaws) test(law.title, () => law.check(() => myStore()))
 */
export const asyncStoreLaws: readonly AsyncStoreLaw[] = [
  ...asyncBytesLaws,
  ...asyncScanLaws,
  ...asyncBatchLaws,
  ...asyncDeadlineLaws,
  ...asyncJournalLaws,
  ...asyncUsesLaws,
  ...asyncClosingLaws,
]
