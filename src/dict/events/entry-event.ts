import type { Entry, ValueMode } from '../../engine/entry.js'

/** What is known of an entry besides its key and value. Times are in milliseconds since 1970-01-01 UTC. */
export interface EntryMetadata {
  /** When the key was first set. */
  readonly createdAt: number
  /** When the key was last set. */
  readonly updatedAt: number
  /** Undefined for never. */
  readonly expiresAt: number | undefined
  /** Differs after each write of the key, by any process. */
  readonly version: number
  /** The groups that the entry belongs to. */
  readonly tags: readonly string[]
  /** Length of the serialized value in bytes. */
  readonly sizeBytes: number
}

/** The events that are about one entry. */
export type EntryEventName = 'set' | 'get' | 'access' | 'delete' | 'expire' | 'evict'

/** Something that happened to one entry. */
export class EntryEvent<K = unknown, V = unknown> {
  /** Says which event it is. */
  readonly event: EntryEventName
  /** The key of the entry. */
  readonly key: K
  /** The names of the entry's namespace from the root down; empty for the root. */
  readonly namespace: readonly string[]
  readonly #entry: Entry | undefined
  readonly #mode: ValueMode

  constructor(
    event: EntryEventName,
    key: K,
    namespace: readonly string[],
    entry: Entry | undefined,
    mode: ValueMode,
  ) {
    this.event = event
    this.key = key
    this.namespace = namespace
    this.#entry = entry
    this.#mode = mode
  }

  /**
   * The value: as it was set or read, or as it was when the entry went. Decoded when asked for.
   * Undefined for a record that could not be read.
   */
  get value(): V | undefined {
    return this.#entry?.value(this.#mode) as V | undefined
  }

  /** Undefined for a record that could not be read. */
  get metadata(): EntryMetadata | undefined {
    return this.#entry && metadataOf(this.#entry)
  }
}

export function metadataOf(entry: Entry): EntryMetadata {
  const { createdAt, updatedAt, expiresAt, version, tags, sizeBytes } = entry
  const goesAt = expiresAt === 0 ? undefined : expiresAt
  return { createdAt, updatedAt, expiresAt: goesAt, version, tags, sizeBytes }
}
