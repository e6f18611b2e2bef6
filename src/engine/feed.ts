/** What those read who want to hear of every change by any process: see change-feed.ts and async/remote-feed.ts. */

import { DecodedRecord } from '../codec/record.js'
import type { ValueCodec } from '../codec/value-codec.js'
import type { KeySpace } from '../keys/key-space.js'
import { Change, type ChangeKind } from './change.js'
import { keyOfRow, readableFields } from './row.js'

/** Changes read at a time: many enough to be quick, few enough to hold their values in memory. */
export const FEED_PAGE = 256

/** A change by any process. */
export interface FedChange {
  readonly change: Change
  /** It was made by this engine. */
  readonly isOwn: boolean
}

export interface FeedPage {
  readonly changes: readonly FedChange[]
  /** Changes before these were dropped unread, or cannot be told. */
  readonly hasMissed: boolean
  /** The storage keys of rows that expired, and whose keys went with them. */
  readonly unnamed: readonly Uint8Array[]
  /** There may be more at once. */
  readonly hasMore: boolean
}

/** One reader's place among the changes. */
export interface FeedReader {
  /** Settles when whatever is committed from then on is certain to be read. A failure comes to read(). */
  readonly begun: Promise<unknown>
  read(): FeedPage | Promise<FeedPage>
  close(): void
}

export interface Feed {
  /** Reads what is committed from now on. `wake` is called when there may be something new. */
  open(wake: () => void): FeedReader
  /** Ends all that goes on. Call before the store is closed. */
  close(): void
}

/** The change of a row; undefined if it went with its record, in which alone its key was. */
export function changeOfRow(
  kind: ChangeKind,
  space: KeySpace,
  storageKey: Uint8Array,
  record: Uint8Array | undefined,
  codec: ValueCodec,
): Change | undefined {
  const fields = record && fieldsOf(space, storageKey, record)
  if (fields === undefined && space.isHashed(storageKey)) return undefined
  const key = fields ? keyOfRow(space, storageKey, fields) : space.decode(storageKey)
  return new Change(kind, space, key, storageKey, fields && record, codec)
}

/** What went may have been noted in plain, as it had been opened; its checksum is that of the sealed record. */
function fieldsOf(
  space: KeySpace,
  storageKey: Uint8Array,
  record: Uint8Array,
): DecodedRecord | undefined {
  const fields = readableFields(storageKey, record)
  if (fields !== undefined || space.secrets === undefined) return fields
  try {
    return new DecodedRecord(record)
  } catch {
    return undefined
  }
}
