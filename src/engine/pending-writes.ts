/**
 * Writes that are not in the store yet, by key: the newest one only, in the order in which they must
 * be applied. Reads look here first.
 */
import { keyOrder } from './key-order.js'
import { type SetWrite, type Write, weightOf } from './write.js'

/** Where writes are applied. */
interface Applier {
  readonly tx: { nextVersion(): number }
  apply(write: Write, version: number): void
}

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
    const settled = cameAgain || isNew(before, write) ? asNew(write) : write
    this.#writes.set(id, settled)
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
    const ids = [...this.#writes.keys()]
    const writes = [...this.#writes.values()]
    const versions = writes.map(() => session.tx.nextVersion())
    for (const at of keyOrder(ids)) session.apply(writes[at] as Write, versions[at] as number)
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
