/**
 * Batches that the near tier takes in, to be sent later.
 *
 * Checks are made against what is visible here: unsent rows, or what the far tier says, or last said
 * while it fails. For all who share the near tier a batch is atomic. A writer elsewhere may come in between: then the one who
 * is sent last wins.
 */
import { MAX_UINT48 } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import { StoreBusyError, StoreFullError } from '../../errors/store-errors.js'
import type { Batch, RowCheck } from '../async-store.js'
import { type NearRow, NO_ROW } from './near-row.js'
import type { NearTier } from './near-tier.js'

const TIER = 'tier'
const VERSION = Buffer.from('version')

/** Numbers for each millisecond since 1970: they grow across hosts, as far as their clocks agree. */
const VERSIONS_PER_MS = 64

/** Somebody else was faster so often: that is no chance any more. */
const MAX_ATTEMPTS = 1_000

export class BehindWrites {
  readonly #near: NearTier
  readonly #clock: Clock
  /** Reads a row, so that the near tier has it if anybody does. */
  readonly #read: (bucket: string, key: Uint8Array) => Promise<NearRow>

  constructor(
    near: NearTier,
    clock: Clock,
    read: (bucket: string, key: Uint8Array) => Promise<NearRow>,
  ) {
    this.#near = near
    this.#clock = clock
    this.#read = read
  }

  async commit({ promise, checks, operations }: Batch): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const seen: [check: RowCheck, row: NearRow][] = []
      for (const check of checks) seen.push([check, await this.#read(check.bucket, check.key)])
      if (!seen.every(([check, row]) => holds(check, row))) return false
      const isDone = this.#near.enqueue(promise, operations, this.#clock.now(), (tx) =>
        seen.some(
          ([{ bucket, key }, row]) =>
            (this.#near.find(bucket, key, tx)?.number ?? NO_ROW) !== row.number,
        ),
      )
      if (isDone) return true
    }
    throw new StoreBusyError(this.#near.store.location, 0)
  }

  nextVersions(count: number): number {
    return this.#near.store.transaction('committed', (tx) => {
      const row = tx.get(TIER, VERSION)
      const last = row === undefined ? 0 : Number(Buffer.from(row).toString('utf8'))
      const first = Math.max(last + 1, this.#clock.now() * VERSIONS_PER_MS)
      const next = first + count - 1
      if (next > MAX_UINT48) {
        throw new StoreFullError('The store has used up its version numbers.')
      }
      tx.put(TIER, VERSION, Buffer.from(String(next)), 0)
      return first
    })
  }
}

function holds({ starts }: RowCheck, { record }: NearRow): boolean {
  if (starts === undefined || record === undefined) return starts === record
  if (record.length < starts.length) return false
  return Buffer.compare(record.subarray(0, starts.length), starts) === 0
}
