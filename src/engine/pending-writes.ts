/**
 * Writes that are not in the store yet. Of several to one key, only the newest counts. Reads look here
 * first.
 *
 * They are a list, in the order in which they were made. They are looked up by key, and those that others
 * have replaced are found, only once somebody asks for a key: most commits come before anybody does, and
 * sort the list anyway.
 */
import { keyOrder } from './key-order.js'
import { type SetWrite, type Write, weightOf } from './write.js'

/** Where writes are applied. */
interface Applier {
  readonly tx: { nextVersion(): number }
  apply(write: Write, version: number): void
}

export class PendingWrites {
  #ids: string[] = []
  /** Undefined where another has come in the place of a write. */
  #writes: (Write | undefined)[] = []
  /** Where the write of a key is, among the first #known, of which no two are to one key. */
  readonly #places = new Map<string, number>()
  #known = 0
  /** Asked for last, and not there: need not be looked for again. */
  #absent: string | undefined
  /** What others have replaced is counted until that is known. */
  #sizeBytes = 0

  get isEmpty(): boolean {
    return this.#writes.length === 0
  }

  /** Of how many keys. */
  get count(): number {
    this.#know()
    return this.#places.size
  }

  /** Whether they are of more keys, or take more memory. */
  exceeds(keys: number, sizeBytes: number): boolean {
    const mayExceed = this.#writes.length > keys || this.#sizeBytes > sizeBytes
    if (!mayExceed) return false
    this.#know()
    if (this.#writes.length > 2 * this.#places.size) this.#removeReplaced()
    return this.#places.size > keys || this.#sizeBytes > sizeBytes
  }

  get(id: string): Write | undefined {
    this.#know()
    const place = this.#places.get(id)
    if (place !== undefined) return this.#writes[place]
    this.#absent = id
    return undefined
  }

  add(id: string, write: Write): void {
    const place = this.#writes.length
    this.#ids.push(id)
    this.#writes.push(write)
    this.#sizeBytes += weightOf(write)
    if (id !== this.#absent) return
    this.#absent = undefined
    if (this.#known !== place) return
    this.#places.set(id, place)
    this.#known++
  }

  /** A key may come twice. */
  ids(): Iterable<string> {
    return this.#ids
  }

  /**
   * Applies all, in the order of their keys: neighbours land on the same pages, and pages that are
   * filled from left to right are filled to the brim. The versions, and with them the order of
   * insertion, are those of the order in which the writes were made.
   */
  applyByKey(session: Applier): void {
    if (this.isEmpty) return
    const versions = this.#writes.map(() => session.tx.nextVersion())
    let id = ''
    let write: Write | undefined
    let version = 0
    for (const place of keyOrder(this.#ids)) {
      const next = this.#writes[place]
      if (next === undefined) continue
      const nextId = this.#ids[place] as string
      const isSame = write !== undefined && nextId === id
      if (!isSame && write !== undefined) session.apply(write, version)
      if (!isSame || isAgain(write, next)) version = versions[place] as number
      write = isSame ? replacing(write, next) : next
      id = nextId
    }
    if (write !== undefined) session.apply(write, version)
  }

  clear(): void {
    this.#ids = []
    this.#forgetPlaces()
    this.#writes = []
    this.#sizeBytes = 0
  }

  /** Finds out where the write of each key is. */
  #know(): void {
    for (; this.#known < this.#writes.length; this.#known++) {
      const id = this.#ids[this.#known] as string
      const place = this.#places.get(id)
      if (place === undefined) this.#places.set(id, this.#known)
      else this.#replace(id, place, this.#known)
    }
  }

  /** The write of a key at `place` by the one at `next`. */
  #replace(id: string, place: number, next: number): void {
    const [before, write] = [this.#writes[place] as Write, this.#writes[next] as Write]
    this.#sizeBytes -= weightOf(before)
    this.#writes[place] = undefined
    this.#writes[next] = undefined
    const stays = isAgain(before, write) ? next : place
    this.#writes[stays] = replacing(before, write)
    this.#places.set(id, stays)
  }

  #removeReplaced(): void {
    this.#ids = this.#ids.filter((_, place) => this.#writes[place] !== undefined)
    this.#writes = this.#writes.filter((write) => write !== undefined)
    this.#forgetPlaces()
    this.#know()
  }

  #forgetPlaces(): void {
    this.#places.clear()
    this.#known = 0
    this.#absent = undefined
  }
}

/** Whether a key went and came again: it is inserted last then, as it would be in a Map. */
function isAgain(before: Write | undefined, write: Write): boolean {
  return before?.kind === 'delete' && write.kind === 'set'
}

/** What a write comes to that follows another one to its key. */
function replacing(before: Write | undefined, write: Write): Write {
  if (before === undefined || write.kind === 'delete') return write
  return before.kind === 'delete' || before.isNew ? asNew(write) : write
}

function asNew(write: SetWrite): SetWrite {
  return { ...write, isNew: true }
}
