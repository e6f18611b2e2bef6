/**
 * Sends what waits in the near tier to the far one.
 *
 * One process of all that share the near tier sends at a time: two could overtake each other, and an
 * older value would win. Who sends is a row of the near tier; it is taken over when its process is
 * dead, or has not renewed it for long.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock, type Timer } from '../../clock.js'
import { lifeOf, type ProcessIdentity, processIdentity } from '../../process-identity.js'
import type { AsyncStore, DeleteRow, RowOperation } from '../async-store.js'
import type { NearState } from './near-row.js'
import type { NearTier, QueuedRow } from './near-tier.js'

const TIER = 'tier'
const SENDER = Buffer.from('sender')

/** Rows in one commit to the far tier. */
const BATCH_ROWS = 256
/** A living process that has not renewed its claim for so long has lost the thread that made it. */
const CLAIM_MS = 60_000
/** How often to look whether the one who sends is done. */
const LOOK_MS = 20
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 30_000

interface Claim {
  readonly instance: string
  readonly owner: ProcessIdentity
  readonly at: number
}

export class Sender {
  failures = 0
  readonly #near: NearTier
  readonly #far: AsyncStore
  readonly #onError: (error: unknown) => void
  readonly #clock: Clock
  readonly #instance = randomUUID()
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  #retryMs = FIRST_RETRY_MS
  #isClosed = false

  constructor(
    near: NearTier,
    far: AsyncStore,
    onError: (error: unknown) => void,
    clock = systemClock,
  ) {
    this.#near = near
    this.#far = far
    this.#onError = onError
    this.#clock = clock
  }

  /** Something waits: sends it soon. A failure is told, and tried again later. */
  request(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = this.#clock.endOfTurn(() => this.#attempt())
  }

  /** Resolves when nothing waits any more that waited when it was called. Rejects if the far tier fails. */
  async drain(): Promise<void> {
    const last = this.#near.newestMark()
    for (;;) {
      const first = this.#near.oldestMark()
      if (first === undefined || last === undefined || first > last || this.#isClosed) return
      // One pass at a time, whoever waits for it.
      this.#running ??= this.#sendSome().finally(() => {
        this.#running = undefined
      })
      await this.#running
    }
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #attempt(): void {
    this.#timer = undefined
    this.drain()
      .then(() => {
        this.#retryMs = FIRST_RETRY_MS
        // What came while the last rows were on their way.
        if (!this.#isClosed && this.#near.oldestMark() !== undefined) this.request()
      })
      .catch((error) => {
        if (this.#isClosed) return
        this.#onError(error)
        this.#timer = this.#clock.after(this.#retryMs, () => this.#attempt())
        this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
      })
  }

  async #sendSome(): Promise<void> {
    if (!this.#claim()) {
      await new Promise<void>((resolve) => void this.#clock.after(LOOK_MS, resolve))
      return
    }
    try {
      await this.#send(this.#near.queued(BATCH_ROWS))
    } catch (error) {
      this.failures++
      throw error
    } finally {
      this.#release()
    }
  }

  async #send(rows: readonly QueuedRow[]): Promise<void> {
    const operations = rows.flatMap(({ bucket, key, row }): RowOperation[] => {
      if (row === undefined) return []
      const { record, deadline, state } = row
      if (record === undefined) return [{ kind: 'delete', bucket, key, noted: notedAs(state) }]
      return [{ kind: 'put', bucket, key, record, deadline }]
    })
    if (operations.length > 0) {
      await this.#far.commit({ promise: 'synced', checks: [], operations })
    }
    if (!this.#isClosed) this.#near.sent(rows)
  }

  #claim(): boolean {
    return this.#near.store.transaction('committed', (tx) => {
      const row = tx.get(TIER, SENDER)
      const now = this.#clock.now()
      if (row !== undefined) {
        const claim = JSON.parse(Buffer.from(row).toString('utf8')) as Claim
        const isOver = lifeOf(claim.owner) === 'dead' || now - claim.at > CLAIM_MS
        if (claim.instance !== this.#instance && !isOver) return false
      }
      const claim: Claim = { instance: this.#instance, owner: processIdentity(), at: now }
      tx.put(TIER, SENDER, Buffer.from(JSON.stringify(claim)), 0)
      return true
    })
  }

  #release(): void {
    if (this.#isClosed) return
    this.#near.store.transaction('committed', (tx) => {
      const row = tx.get(TIER, SENDER)
      if (row === undefined) return
      const { instance } = JSON.parse(Buffer.from(row).toString('utf8')) as Claim
      if (instance === this.#instance) tx.delete(TIER, SENDER)
    })
  }
}

function notedAs(state: NearState): DeleteRow['noted'] {
  return state === 'expire' || state === 'nothing' ? state : 'delete'
}
