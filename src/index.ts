/**
 * The dict: `open`, `openAsync` and `openTyped`, their options, LMDB, ciphers, recipes on locks,
 * and all errors.
 *
 * @packageDocumentation
 */
export type { Clock, Timer, TimerHold } from './clock.js'
export type { AeadCipher, CipherOptions } from './codec/cipher/aead-cipher.js'
export { type AesGcmOptions, aesGcm } from './codec/cipher/aes-gcm.js'
export { chacha20Poly1305 } from './codec/cipher/chacha20-poly1305.js'
export type { Cipher, ScryptCosts, SealContext, StoreSalt } from './codec/cipher/cipher.js'
export type { CipherKey } from './codec/cipher/key-ring.js'
export { openLd1Blob } from './codec/cipher/ld1-blob.js'
export { type KeyProvider, loadKeys } from './codec/cipher/load-keys.js'
export { type PasswordKey, passwordKey } from './codec/cipher/password-key.js'
export type { CompressOptions } from './codec/compression.js'
export type { Compressor, CompressorName } from './codec/compressor.js'
export type { RegisteredType, TypeMap } from './codec/registered-types.js'
export type { Serializer, SerializerName } from './codec/serializer.js'
export { AsyncPersistDict } from './dict/async-persist-dict.js'
export type { AsyncQuarantine } from './dict/async-quarantine.js'
export {
  type CopyOptions,
  type CopyProgress,
  type CopyReport,
  type CopySource,
  type CopyTarget,
  copy,
} from './dict/copy/copy.js'
export type { CopiedEntry } from './dict/copy/same-entry.js'
export type { KeySerializer } from './dict/entry-rules.js'
export type {
  ClearEvent,
  DictEvents,
  Handler,
  HandlerContext,
  HandlerOptions,
  InvalidateEvent,
  IsolatedOptions,
  Warning,
} from './dict/events/dict-events.js'
export type { EntryEvent, EntryEventName, EntryMetadata } from './dict/events/entry-event.js'
export type { ResyncEvent, WatchEvent } from './dict/events/watch.js'
export type {
  DictEntry,
  DictStats,
  Frozen,
  KeyIn,
  KeyOf,
  KeyOut,
  Range,
  Synchronous,
  Unfreezable,
  ValueAt,
  WatchOptions,
  WatchRange,
} from './dict/face.js'
export type { ConflictPolicy } from './dict/live/live-root.js'
export type { ViewOptions } from './dict/object-view.js'
export { PersistDict } from './dict/persist-dict.js'
export { dictOf, plain } from './dict/plain.js'
export type { Quarantine } from './dict/quarantine.js'
export type { SetOptions } from './dict/set-options.js'
export type { SchemaIssue, SchemaResult, StandardSchema } from './dict/standard-schema.js'
export type { Duration } from './duration.js'
export type { Activity, HotKey, LeaseReport, ProcessReport } from './engine/activity/activity.js'
export type { Eviction } from './engine/capacity/limits.js'
export type { Durability } from './engine/commits.js'
export type { ComputeContext, GetOrSetOptions } from './engine/compute/compute-options.js'
export type {
  ManyContext,
  Memoized,
  MemoizedMany,
  MemoizeExplanation,
  MemoizeKeyOptions,
  MemoizeManyOptions,
  MemoizeOptions,
  MemoizeStats,
} from './engine/compute/memoize-options.js'
export type { ComputeMessage, EntryMessage, SweepMessage } from './engine/diagnostics.js'
export type { ValueMode } from './engine/entry.js'
export type { Awaitable } from './engine/leases/lease-table.js'
export { Lock, type LockOptions, type TryLockOptions } from './engine/leases/locks.js'
export type { Subscription } from './engine/listeners.js'
export type { RotationOptions, RotationReport } from './engine/resealing.js'
export type { Finding, FindingKind, VerifyReport } from './engine/upkeep/finding.js'
export type { QuarantinedRecord } from './engine/upkeep/quarantine.js'
export type { VerifyOptions } from './engine/upkeep/verify.js'
export { CapacityError } from './errors/capacity-error.js'
export {
  CipherMismatchError,
  DecryptError,
  type DecryptFailure,
  KeyExhaustedError,
  KeyProviderError,
  Ld1BlobError,
  WrongKeyError,
} from './errors/cipher-errors.js'
export { ComputeTimeoutError, ResultCountError } from './errors/compute-errors.js'
export { ConfigError } from './errors/config-error.js'
export { ConflictError } from './errors/conflict-error.js'
export { ContentionError } from './errors/contention-error.js'
export { CopyError } from './errors/copy-error.js'
export { EventOverflowError, HandlerError, HandlerTimeoutError } from './errors/event-errors.js'
export { IntegrityError } from './errors/integrity-error.js'
export { KeyError, TooManyKeysError, UnkeyableValueError } from './errors/key-errors.js'
export { LockLostError, LockTimeoutError } from './errors/lock-errors.js'
export {
  ClosedError,
  DamagedStoreError,
  FormatMismatchError,
  MissingPackageError,
  NativeModuleError,
  OpenConflictError,
  PathError,
  PidCollisionError,
} from './errors/open-errors.js'
export { OptionError } from './errors/option-error.js'
export { PersistDictError } from './errors/persist-dict-error.js'
export {
  ReadOnlyStoreError,
  StoreAccessError,
  StoreTimeoutError,
  UnreachableError,
} from './errors/server-errors.js'
export {
  BatchError,
  type LockHolder,
  StoreBusyError,
  StoreError,
  StoreFullError,
  StoreGoneError,
  TransactionError,
  UnsupportedError,
} from './errors/store-errors.js'
export {
  InvalidValueError,
  NotANumberError,
  UnpersistableValueError,
  UnreadableRecordError,
  UnreadableTagError,
  ValueTooLongError,
} from './errors/value-errors.js'
export type { KeyHash } from './keys/key-settings.js'
export type { LimitOptions, StoreLimitOptions } from './open/limit-options.js'
export { type OutputsOf, open, openTyped } from './open/open.js'
export {
  type AsyncOpenOptions,
  type AsyncOpenOptionsWithPlace,
  openAsync,
} from './open/open-async.js'
export type { Background, CheckMode, OpenOptions } from './open/open-options.js'
export type { Life, ProcessIdentity } from './process-identity.js'
export {
  Barrier,
  type BarrierDict,
  type BarrierOptions,
  type BarrierState,
} from './recipes/barrier.js'
export { type LockingDict, Semaphore } from './recipes/semaphore.js'
export { Throttle, type ThrottleOptions, type UpdatingDict } from './recipes/throttle.js'
export { type LmdbOptions, lmdbStore } from './store/lmdb/open-lmdb.js'
export type { BackupReport, CompactReport } from './store/sync-store.js'
