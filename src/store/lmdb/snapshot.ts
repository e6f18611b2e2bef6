/**
 * An LMDB environment as of one moment: a read transaction of its own. While it is open, LMDB reuses
 * no page that was freed since, so the file may grow.
 */
import { ClosedError } from '../../errors/open-errors.js'
import type { DeadlineHint, RowVisitor, ScanRange, StoreSnapshot } from '../sync-store.js'
import type { Environment } from './environment.js'
import type { Generation } from './generation.js'
import type { NativeSnapshot } from './native.js'
import { hintsUpTo, walkRows } from './range-reads.js'

export class EnvironmentSnapshot implements StoreSnapshot {
  readonly #environment: Environment
  /** Where it reads, though the store may have moved on to another. */
  readonly #generation: Generation
  readonly #closed: () => void
  #transaction: NativeSnapshot | undefined

  /** `closed` is called once, when it is. */
  constructor(environment: Environment, buckets: readonly string[], closed: () => void) {
    this.#environment = environment
    this.#closed = closed
    environment.refresh()
    const generation = environment.data
    this.#generation = generation
    this.#transaction = environment.native(() => {
      // A transaction knows only the databases that were open when it began.
      for (const bucket of buckets) {
        generation.rows(bucket)
        generation.deadlines(bucket)
      }
      // lmdb counts a transaction as begun before it is: a read begins it in fact.
      generation.root.resetReadTxn()
      generation.state()
      return generation.root.useReadTransaction()
    })
    generation.hold()
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    const transaction = this.#open()
    return this.#environment.native(() =>
      this.#generation.rows(bucket).getBinary(key, { transaction }),
    )
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    const transaction = this.#open()
    return this.#environment.native(() =>
      walkRows(this.#generation.rows(bucket), range, limit, visit, transaction),
    )
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    const transaction = this.#open()
    return this.#environment.native(() =>
      hintsUpTo(this.#generation.deadlines(bucket), now, limit, from, transaction),
    )
  }

  close(): void {
    if (this.#transaction === undefined) return
    this.#transaction.done()
    this.#transaction = undefined
    this.#generation.release()
    this.#closed()
  }

  #open(): NativeSnapshot {
    if (this.#transaction === undefined) throw new ClosedError('This snapshot')
    return this.#transaction
  }
}
