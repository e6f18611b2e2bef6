/**
 * An LMDB environment as of one moment: a read transaction of its own. While it is open, LMDB reuses
 * no page that was freed since, so the file may grow.
 */
import { ClosedError } from '../../errors/open-errors.js'
import type { DeadlineHint, RowVisitor, ScanRange, StoreSnapshot } from '../sync-store.js'
import type { Environment } from './environment.js'
import type { NativeSnapshot } from './native.js'
import { hintsUpTo, walkRows } from './range-reads.js'

export class EnvironmentSnapshot implements StoreSnapshot {
  readonly #environment: Environment
  readonly #closed: () => void
  #transaction: NativeSnapshot | undefined

  /** `closed` is called once, when it is. */
  constructor(environment: Environment, buckets: readonly string[], closed: () => void) {
    this.#environment = environment
    this.#closed = closed
    this.#transaction = environment.native(() => {
      // A transaction knows only the databases that were open when it began.
      for (const bucket of buckets) {
        environment.rows(bucket)
        environment.deadlines(bucket)
      }
      environment.refresh()
      return environment.root.useReadTransaction()
    })
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    const transaction = this.#open()
    return this.#environment.native(() =>
      this.#environment.rows(bucket).getBinary(key, { transaction }),
    )
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    const transaction = this.#open()
    return this.#environment.native(() =>
      walkRows(this.#environment.rows(bucket), range, limit, visit, transaction),
    )
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    const transaction = this.#open()
    return this.#environment.native(() =>
      hintsUpTo(this.#environment.deadlines(bucket), now, limit, from, transaction),
    )
  }

  close(): void {
    if (this.#transaction === undefined) return
    this.#transaction.done()
    this.#transaction = undefined
    this.#closed()
  }

  #open(): NativeSnapshot {
    if (this.#transaction === undefined) throw new ClosedError('This snapshot')
    return this.#transaction
  }
}
