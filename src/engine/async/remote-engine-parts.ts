import type { Clock } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import type { KeySettings } from '../../keys/key-settings.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { EntryCache } from '../cached-reads.js'
import type { Durability } from '../commits.js'

/** What an engine over an AsyncStore is made of. */
export interface RemoteEngineParts {
  readonly store: AsyncStore
  readonly codec: ValueCodec
  readonly keySettings: KeySettings
  readonly cache: EntryCache
  readonly clock: Clock
  readonly durability: Durability
  /** No entry lives longer after it was made. @default Infinity */
  readonly maxAgeMs?: number | undefined
  /** Entries that nobody uses for so long are removed. @default Infinity */
  readonly maxIdleMs?: number | undefined
  /** Told of failures that no call can report. */
  readonly onError: (error: unknown) => void
}
