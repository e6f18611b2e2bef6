/** What a transaction did, for those who hear of it. */
import { DecodedRecord } from '../codec/record.js'
import type { ValueCodec } from '../codec/value-codec.js'
import type { KeySpace } from '../keys/key-space.js'
import { Entry } from './entry.js'

/**
 * `'set'`: stored, or given another deadline. `'delete'`: removed by a call. `'expire'`: removed after
 * its deadline, by whoever came upon it. `'evict'`: removed to make room. `'clear'`: a namespace was
 * emptied.
 */
export type ChangeKind = 'set' | 'delete' | 'expire' | 'evict' | 'clear'

/** A change of one key, or of all keys of a namespace. */
export interface Change {
  readonly kind: ChangeKind
  readonly space: KeySpace
  /** Empty for `'clear'`. */
  readonly key: string
  /**
   * The entry as it was set, or as it was when it went; its value is decoded when asked for.
   * Undefined for `'clear'`, and for an entry whose record could not be read.
   */
  readonly entry: Entry | undefined
}

/** The changes of one transaction, in the order in which they were made. */
export class ChangeList {
  readonly changes: Change[] = []
  readonly #codec: ValueCodec

  constructor(codec: ValueCodec) {
    this.#codec = codec
  }

  /** Notes a change. The record may be lent: it is copied. */
  add(kind: ChangeKind, space: KeySpace, key: string, record: Uint8Array | undefined): void {
    const entry = record && Entry.whole(key, ownRecord(record), this.#codec)
    this.changes.push({ kind, space, key, entry })
  }
}

function ownRecord(record: Uint8Array): DecodedRecord {
  return new DecodedRecord(Uint8Array.prototype.slice.call(record, 0, record.length))
}
