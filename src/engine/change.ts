/** What a transaction did, for those who hear of it. */
import { DecodedRecord } from '../codec/record.js'
import type { ValueCodec } from '../codec/value-codec.js'
import type { KeySpace } from '../keys/key-space.js'
import { Entry } from './entry.js'
import { openedRow } from './row.js'

/**
 * `'set'`: stored, or given another deadline. `'delete'`: removed by a call. `'expire'`: removed after
 * its deadline, by whoever came upon it. `'evict'`: removed to make room. `'clear'`: a namespace was
 * emptied.
 */
export type ChangeKind = 'set' | 'delete' | 'expire' | 'evict' | 'clear'

/** A change of one key, or of all keys of a namespace. */
export class Change {
  readonly kind: ChangeKind
  readonly space: KeySpace
  /** Empty for `'clear'`. */
  readonly key: string
  /** Where the entry is or was; for `'clear'`, the prefix of the namespace. */
  readonly storageKey: Uint8Array
  /** The record as it was set, or as it was when it went; undefined if it could not be read. */
  readonly record: Uint8Array | undefined
  readonly #codec: ValueCodec
  #entry: Entry | undefined

  constructor(
    kind: ChangeKind,
    space: KeySpace,
    key: string,
    storageKey: Uint8Array,
    record: Uint8Array | undefined,
    codec: ValueCodec,
  ) {
    this.kind = kind
    this.space = space
    this.key = key
    this.storageKey = storageKey
    this.record = record
    this.#codec = codec
  }

  /** The entry of the record; its value is decoded when asked for. */
  get entry(): Entry | undefined {
    if (this.record === undefined) return undefined
    this.#entry ??= Entry.whole(this.key, this.#opened(this.record), this.#codec)
    return this.#entry
  }

  /** What was read before is in plain already. */
  #opened(bytes: Uint8Array): DecodedRecord {
    const record = new DecodedRecord(bytes)
    return record.suite === 0 ? record : openedRow(this.space, this.storageKey, record)
  }
}

/** The changes of one transaction, in the order in which they were asked for. */
export class ChangeList {
  readonly changes: Change[] = []
  /** The version that the next change is given: writes that waited are applied in another order. */
  version = 0
  readonly #versions: number[] = []
  readonly #codec: ValueCodec

  constructor(codec: ValueCodec) {
    this.#codec = codec
  }

  /** Notes a change. The bytes may be lent: they are copied. */
  add(
    kind: ChangeKind,
    space: KeySpace,
    key: string,
    storageKey: Uint8Array,
    record: Uint8Array | undefined,
  ): void {
    const own = record && copyOf(record)
    this.#versions.push(this.version)
    this.changes.push(new Change(kind, space, key, copyOf(storageKey), own, this.#codec))
  }

  /** Puts what was applied by key back into the order of its versions. */
  sort(): void {
    const order = this.changes.map((change, at) => ({ change, version: this.#versions[at] ?? 0 }))
    order.sort((a, b) => a.version - b.version)
    for (const [at, { change }] of order.entries()) this.changes[at] = change
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, 0, bytes.length)
}
