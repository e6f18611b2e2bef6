import { bytesLaws } from './bytes-laws.js'
import { closingLaws } from './closing-laws.js'
import { commitLaws } from './commit-laws.js'
import { deadlineLaws } from './deadline-laws.js'
import { scanLaws } from './scan-laws.js'
import type { StoreLaw } from './store-law.js'
import { transactionLaws } from './transaction-laws.js'

/**
 * The contract of SyncStore: a store that breaks none of these laws can carry a dict.
 *
 *     for (const law of syncStoreLaws) test(law.title, () => law.check(() => myStore()))
 */
export const syncStoreLaws: readonly StoreLaw[] = [
  ...bytesLaws,
  ...scanLaws,
  ...transactionLaws,
  ...deadlineLaws,
  ...commitLaws,
  ...closingLaws,
]
