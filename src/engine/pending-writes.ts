/**
 * Writes that are not in the store yet, by key: the newest one only, in the order in which they must
 * be applied. Reads look here first.
 */
import { type SetWrite, type Write, weightOf } from './write.js'

export class PendingWrites {
  readonly #writes = new Map<string, Write>()
  #sizeBytes = 0

  get count(): number {
    return this.#writes.size
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get(id: string): Write | undefined {
    return this.#writes.get(id)
  }

  add(id: string, write: Write): void {
    const before = this.#writes.get(id)
    if (before !== undefined) this.#sizeBytes -= weightOf(before)
    // A key that went and came again is inserted last, as it would be in a Map.
    const cameAgain = before?.kind === 'delete' && write.kind === 'set'
    if (cameAgain) this.#writes.delete(id)
    this.#writes.set(id, cameAgain || isNew(before, write) ? asNew(write) : write)
    this.#sizeBytes += weightOf(write)
  }

  ids(): Iterable<string> {
    return this.#writes.keys()
  }

  writes(): Iterable<Write> {
    return this.#writes.values()
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
