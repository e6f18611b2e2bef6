/**
 * The index that all processes share: one dict with a namespace for each kind of thing.
 *
 *   vectors   key -> Float32Array          what searching needs
 *   chunks    key -> { file, heading, text }   what a hit shows
 *   claims    key -> process id            who is embedding it just now; goes by itself
 *   totals    name -> number               what embedding has cost so far
 *
 * A chunk is done when it is in `vectors`. Until then it belongs to the process that claims it. A
 * vector, its chunk and the end of its claim are one transaction: no crash can part them.
 */
import { open, type PersistDict } from 'persistdict'
import type { Chunk } from './chunk.js'

export interface StoredChunk {
  /** The first document that it was found in. */
  readonly file: string
  readonly heading: string
  readonly text: string
}

/** A chunk as a worker meets it. */
export interface FoundChunk extends Chunk {
  readonly file: string
}

export interface EmbeddedChunk {
  readonly chunk: FoundChunk
  readonly vector: Float32Array
}

/** Claimed and stored together: few enough to lose little, enough to make the lock a small matter. */
export const BATCH_CHUNKS = 64

/**
 * Long against the tenth of a second that a batch takes, short against a person's patience: only a
 * process that was stopped, or whose number another process has got, lets it run out.
 */
const CLAIM_TTL = '30s'

export class ChunkIndex {
  readonly vectors: PersistDict<Record<string, Float32Array>>
  readonly chunks: PersistDict<Record<string, StoredChunk>>
  readonly claims: PersistDict<Record<string, number>>
  readonly totals: PersistDict<Record<string, number>>
  readonly #dict: PersistDict

  constructor(path: string) {
    this.#dict = open(path)
    this.vectors = this.#dict.namespace('vectors')
    this.chunks = this.#dict.namespace('chunks')
    this.claims = this.#dict.namespace('claims')
    this.totals = this.#dict.namespace('totals')
  }

  /**
   * Claims those chunks that nobody has embedded and nobody else alive has claimed. Others, done or
   * in good hands, are left out. One transaction, so that no chunk gets two owners.
   */
  claim(wanted: readonly FoundChunk[]): FoundChunk[] {
    return this.#dict.transaction(() => {
      const mine = wanted.filter(({ key }) => !this.vectors.has(key) && this.#isFree(key))
      const entries = mine.map(({ key }) => [key, process.pid] as const)
      this.claims.setMany(entries, { ttl: CLAIM_TTL })
      return mine
    })
  }

  /**
   * Stores claimed chunks and ends their claims, also of those that were not embedded after all.
   * Returns how many had been done by another process: our claim had run out.
   */
  finish(
    claimed: readonly FoundChunk[],
    embedded: readonly EmbeddedChunk[],
    embedMs: number,
  ): number {
    return this.#dict.transaction(() => {
      const late = embedded.filter(({ chunk }) => this.vectors.has(chunk.key)).length
      this.vectors.setMany(embedded.map(({ chunk, vector }) => [chunk.key, vector] as const))
      this.chunks.setMany(
        embedded.map(({ chunk: { key, file, heading, text } }) => [key, { file, heading, text }]),
      )
      const ours = claimed.filter(({ key }) => this.claims.get(key) === process.pid)
      this.claims.deleteMany(ours.map(({ key }) => key))
      this.totals.increment('embedded', embedded.length)
      this.totals.increment('embedMs', embedMs)
      return late
    })
  }

  /** What embedding a chunk has cost on average, in milliseconds; 0 if none was embedded. */
  get meanEmbedMs(): number {
    return this.totals.get('embedMs', 0) / (this.totals.get('embedded', 0) || 1)
  }

  get sizeBytes(): number {
    return this.#dict.stats().sizeBytes
  }

  /** Empties the index, for processes that have it open as well. */
  clear(): void {
    this.#dict.transaction(() => {
      for (const part of [this.vectors, this.chunks, this.claims, this.totals]) part.clear()
    })
  }

  [Symbol.dispose](): void {
    this.#dict[Symbol.dispose]()
  }

  #isFree(key: string): boolean {
    const owner = this.claims.get(key)
    // A claim of our own that we ask for again is that of a dead process whose number we have got.
    return owner === undefined || owner === process.pid || !isAlive(owner)
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 is not sent; the call only tells whether it could be.
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
