/** What changes of keys of an AsyncStore mean for its rows: what is checked, and what is put or deleted. */
import type { Clock } from '../../clock.js'
import { isExpired } from '../../codec/record.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { RowCheck, RowOperation } from '../../store/async-store.js'
import { limited, newRecord } from '../new-record.js'
import { ROWS } from '../row.js'
import type { SetWrite } from '../write.js'
import { HEAD_BYTES } from './assumed-rows.js'
import type { AsyncWrite } from './async-engine.js'
import { type Located, presentFields, type RemotePlaces } from './remote-places.js'

/** A change of one key, with where it is. */
export interface Step {
  readonly located: Located
  readonly write: AsyncWrite
}

/** What a step needs of a batch. */
export interface Plan {
  readonly storageKey: Uint8Array
  readonly checks: readonly RowCheck[]
  readonly operations: readonly RowOperation[]
}

export interface RemotePlansParts {
  readonly clock: Clock
  readonly places: RemotePlaces
  /** No entry lives longer after it was made. @default Infinity */
  readonly maxAgeMs?: number | undefined
}

export class RemotePlans {
  readonly #parts: RemotePlansParts

  constructor(parts: RemotePlansParts) {
    this.#parts = parts
  }

  /** What a step needs whose write takes this version. */
  plan(space: KeySpace, { located, write }: Step, version: number): Plan {
    const { place, record, invalidatedAt } = located
    const { fields, storageKey } = place
    const check =
      record === undefined
        ? undefined
        : { bucket: ROWS, key: storageKey, starts: record.slice(0, HEAD_BYTES) }
    const isPast = fields !== undefined && isExpired(fields.expiresAt, this.#parts.clock.now())
    if (write.write.kind === 'delete') {
      const isGone = fields !== undefined && fields.version < invalidatedAt
      const noted = isPast ? 'expire' : isGone ? 'nothing' : 'delete'
      const operation: RowOperation = { kind: 'delete', bucket: ROWS, key: storageKey, noted }
      return { storageKey, checks: check ? [check] : [], operations: [operation] }
    }
    const insertion =
      check === undefined
        ? this.#parts.places.insertion(space, located)
        : { storageKey, checks: [check], operations: [] }
    const operations: RowOperation[] = [...insertion.operations]
    // Only so that it is noted.
    if (isPast) operations.push({ kind: 'delete', bucket: ROWS, key: storageKey, noted: 'expire' })
    const { write: set, keepsDeadline } = write
    operations.push(this.#put(set, keepsDeadline, insertion.storageKey, located, version))
    return { storageKey: insertion.storageKey, checks: insertion.checks, operations }
  }

  #put(
    write: SetWrite,
    keepsDeadline: boolean,
    storageKey: Uint8Array,
    located: Located,
    version: number,
  ): RowOperation {
    const now = this.#parts.clock.now()
    // What cannot be read is replaced, and does not go on.
    const before = located.place.fields && presentFields(located, now)
    const expiresAt = !keepsDeadline ? write.expiresAt : (before?.expiresAt ?? 0)
    const { maxAgeMs = Number.POSITIVE_INFINITY } = this.#parts
    const asked = { ...write, expiresAt }
    const set = maxAgeMs === Infinity ? asked : limited(asked, before, now, maxAgeMs)
    const at = { storageKey, before, now, version }
    // A copy: the bytes of a new record are only lent, and a batch has several.
    const record = Uint8Array.prototype.slice.call(newRecord(set, at))
    // The store drops the row then: not before those who compute it anew are done with it.
    const deadline = write.grace?.until ?? set.expiresAt
    return { kind: 'put', bucket: ROWS, key: storageKey, record, deadline }
  }
}
