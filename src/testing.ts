/**
 * The laws that every store keeps, for whoever writes one, and a cipher for tests.
 *
 * @packageDocumentation
 */
export type {
  AssumedVersions,
  AsyncStore,
  Atomicity,
  Batch,
  CommonRows,
  DeleteRow,
  DropListener,
  InvalidationListener,
  JournalPage,
  PutRow,
  RowChange,
  RowCheck,
  RowJournal,
  RowOperation,
} from './store/async-store.js'
export type { RowUse, RowUses } from './store/row-uses.js'
export type {
  CommitPromise,
  DeadlineHint,
  RowVisitor,
  ScanRange,
  StoreNotice,
  StoreReader,
  StoreRow,
  StoreSnapshot,
  StoreStats,
  StoreTransaction,
  StoreUpkeep,
  SyncStore,
} from './store/sync-store.js'
export { SCAN_STEP_BYTES } from './store/sync-store.js'
export type { AsyncStoreLaw, MakeAsyncStore } from './testing/async-store-law.js'
export { asyncStoreLaws } from './testing/async-store-laws.js'
export { durableStoreLaws } from './testing/durable-laws.js'
export type { DurableStoreLaw, StoreLaw } from './testing/store-law.js'
export { syncStoreLaws } from './testing/sync-store-laws.js'
export { testCipher } from './testing/test-cipher.js'
