/**
 * Writes that are not in the store yet, by key: the newest one only, in the order in which they must
 * be applied. Reads look here first.
 */
import { type SetWrite, type Write, weightOf } from './write.js'

/** A write, and the version that it gets when it is applied. */
interface Numbered {
  readonly write: Write
  version: number
}

/** Where writes are applied. */
interface Applier {
  readonly tx: { nextVersion(): number }
  apply(write: Write, version: number): void
}

export class PendingWrites {
  readonly #writes = new Map<string, Numbered>()
  #sizeBytes = 0

  get count(): number {
    return this.#writes.size
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get(id: string): Write | undefined {
    return this.#writes.get(id)?.write
  }

  add(id: string, write: Write): void {
    const before = this.#writes.get(id)?.write
    if (before !== undefined) this.#sizeBytes -= weightOf(before)
    // A key that went and came again is inserted last, as it would be in a Map.
    const cameAgain = before?.kind === 'delete' && write.kind === 'set'
    if (cameAgain) this.#writes.delete(id)
    const settled = cameAgain || isNew(before, write) ? asNew(write) : write
    this.#writes.set(id, { write: settled, version: 0 })
    this.#sizeBytes += weightOf(write)
  }

  ids(): Iterable<string> {
    return this.#writes.keys()
  }

  /**
   * Applies all, in the order of their keys: neighbours land on the same pages, and pages that are
   * filled from left to right are filled to the brim. The versions, and with them the order of
   * insertion, are those of the order in which the writes were made.
   */
  applyByKey(session: Applier): void {
    for (const numbered of this.#writes.values()) numbered.version = session.tx.nextVersion()
    for (const id of [...this.#writes.keys()].sort()) {
      const { write, version } = this.#writes.get(id) as Numbered
      session.apply(write, version)
    }
  }

  clear(): void {
    this.#writes.clear()
    this.#sizeBytes = 0
  }
}

function isNew(before: Write | undefined, write: Write): boolean {
  return before?.kind === 'set' && before.isNew && write.kind === 'set'
}

function asNew(write: Write): SetWrite {
  return { ...(write as SetWrite), isNew: true }
}
