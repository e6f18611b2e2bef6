/**
 * The live value of one key: a private, mutable copy of the stored value, and the faces through which
 * it is read and changed.
 *
 *     raw    plain objects, arrays, Maps and Sets, as decoded; nobody outside ever holds them
 *     face   what users hold: a Proxy over a raw object or array, an instrumented Map or Set
 *
 * The first change makes the root dirty; dirty roots are written once, at the end of the synchronous
 * stretch or before anything that must see them. Leaves (Date, typed arrays, URL, RegExp, Error) are
 * values: reading one gives a copy.
 */

import { equalBytes } from '../../bytes.js'
import { rawOf, registerFace } from '../../codec/faces.js'
import type { Payload } from '../../codec/value-codec.js'
import type { Engine } from '../../engine/engine.js'
import type { StoredPayload, Write } from '../../engine/write.js'
import { ConflictError } from '../../errors/conflict-error.js'
import { HIDDEN } from '../../errors/hidden.js'
import { UnpersistableValueError } from '../../errors/value-errors.js'
import type { KeySpace } from '../../keys/key-space.js'
import { instrumentMap, instrumentSet } from './live-collections.js'
import { LiveHandler } from './live-handler.js'
import { type LiveTree, stepOf } from './live-tree.js'
import { isContainer, reconcile } from './reconcile.js'

/** What happens to a change here when somebody else has changed the value since it was read. */
export type ConflictPolicy = 'overwrite' | 'throw'

/** The namespace that a live value belongs to. */
export interface LiveScope {
  readonly engine: Engine
  readonly space: KeySpace
  readonly onConflict: ConflictPolicy
  assertOpen(): void
  /** The value as it is to be stored. Throws InvalidValueError if a schema refuses it. */
  checked(key: string, value: unknown): unknown
}

/** Who writes the changes. */
interface Writer {
  noteDirty(root: LiveRoot): void
}

export class LiveRoot implements LiveTree {
  readonly id: string
  readonly key: string
  readonly scope: LiveScope
  readonly #writer: Writer
  readonly #handler = new LiveHandler(this)
  readonly #faces = new WeakMap<object, object>()
  #raw: object
  /** The value as it was last read or written, with its deadline and tags. */
  #stored: StoredPayload
  /** What was stored before the last write, should it fail. */
  #before: StoredPayload
  #isDirty = false
  /** Whether the root still stands for its key. Detached, it is an object in memory like any other. */
  #isAttached = true
  /** The engine's count of foreign changes up to which the raw value is the latest. */
  #validAt: number

  constructor(writer: Writer, scope: LiveScope, key: string, stored: StoredPayload) {
    this.#writer = writer
    this.scope = scope
    this.key = key
    this.id = scope.space.idOf(key)
    this.#stored = stored
    this.#before = stored
    this.#raw = this.#decode(stored.payload) as object
    this.#validAt = scope.engine.lookForChanges()
  }

  /** What users hold of the whole value. */
  get face(): object {
    return this.faceOf(this.#raw)
  }

  get isDirty(): boolean {
    return this.#isDirty
  }

  /**
   * Brings the value up to date if somebody else has committed. False if it no longer stands for its
   * key: that is gone, or holds another kind of value now.
   */
  refresh(): boolean {
    const { engine } = this.scope
    const changes = engine.lookForChanges()
    if (changes === this.#validAt && this.#stored.expiresAt === 0) return true
    const stored = engine.payload(this.scope.space, this.key)
    // Changed here and not written yet: the write must still see that somebody else came between.
    if (stored === undefined || this.#isDirty) return stored !== undefined
    this.#validAt = changes
    return this.#accept(stored)
  }

  /** Back to what the store holds: the transaction with the changes was taken back. */
  restore(): boolean {
    this.#isDirty = false
    const stored = this.scope.engine.payload(this.scope.space, this.key)
    return stored !== undefined && this.#accept(stored, true)
  }

  detach(): void {
    this.#isAttached = false
    this.#isDirty = false
  }

  willChange(): void {
    if (this.#isDirty || !this.#isAttached) return
    this.scope.assertOpen()
    if (this.scope.onConflict === 'throw') this.#refuseConflict()
    this.#isDirty = true
    this.#writer.noteDirty(this)
  }

  /** The changes as a write; undefined if there are none after all. Throws what encoding throws. */
  takeChanges(): Write | undefined {
    if (!this.#isDirty) return undefined
    const { engine, space } = this.scope
    const payload = engine.codec.encode(this.key, this.#checked())
    const isSame = equalBytes(payload.bytes, this.#stored.payload.bytes)
    if (!isSame && this.#wasRemoved()) {
      // Removed by somebody else meanwhile: a change to what is gone must not bring it back.
      this.detach()
      return undefined
    }
    if (!isSame && this.scope.onConflict === 'throw') this.#refuseConflict()
    this.#isDirty = false
    if (isSame) return undefined
    const { expiresAt, tags } = this.#stored
    this.#before = this.#stored
    this.#stored = { payload, expiresAt, tags }
    return { kind: 'set', space, key: this.key, payload, expiresAt, tags, isNew: false }
  }

  /** The write that takeChanges() gave has failed: the changes are to be written again. */
  putBack(): void {
    this.#stored = this.#before
    this.#isDirty = true
  }

  knownFace(raw: object): object | undefined {
    return this.#faces.get(raw)
  }

  faceOf(raw: object): object
  faceOf(raw: unknown): unknown
  faceOf(raw: unknown): unknown {
    if (typeof raw !== 'object' || raw === null) return raw
    const known = this.#faces.get(raw)
    if (known !== undefined) return known
    if (!isContainer(raw)) return this.#copy(raw)
    const face = this.#makeFace(raw)
    this.#faces.set(raw, face)
    registerFace(face, raw)
    // Filled only now: a collection may contain itself.
    this.#refill(raw)
    return face
  }

  adopt(value: unknown, container: object, step: string): unknown {
    if (typeof value !== 'object' || value === null) {
      if (typeof value === 'function' || typeof value === 'symbol')
        this.#refuse(container, step, value)
      return value
    }
    const raw = rawOf(value)
    if (raw !== undefined && this.#faces.get(raw) === value) return raw
    const { codec } = this.scope.engine
    try {
      const payload = codec.encode(this.key, value)
      return codec.decode(payload)
    } catch (error) {
      throw error instanceof UnpersistableValueError
        ? error.within(`${this.#pathOf(container)}${step}`)
        : error
    }
  }

  /** The value as its schema wants it. Refused, the changes are taken back. */
  #checked(): unknown {
    try {
      return this.scope.checked(this.key, this.#raw)
    } catch (error) {
      this.restore()
      throw error
    }
  }

  #makeFace(raw: object): object {
    if (raw instanceof Map) return instrumentMap(this, raw)
    if (raw instanceof Set) return instrumentSet(this, raw)
    return new Proxy(raw, this.#handler)
  }

  #accept(stored: StoredPayload, always = false): boolean {
    const isSame = equalBytes(stored.payload.bytes, this.#stored.payload.bytes)
    this.#stored = stored
    if (isSame && !always) return true
    const next = this.#decode(stored.payload)
    return reconcile(this.#raw, next, (raw) => this.#refill(raw))
  }

  /** A live Map or Set holds the faces of its parts: puts them in anew. */
  #refill(raw: object): void {
    const face = this.#faces.get(raw)
    if (face instanceof Map && raw instanceof Map) {
      Map.prototype.clear.call(face)
      for (const [key, value] of raw)
        Map.prototype.set.call(face, this.faceOf(key), this.faceOf(value))
    } else if (face instanceof Set && raw instanceof Set) {
      Set.prototype.clear.call(face)
      for (const item of raw) Set.prototype.add.call(face, this.faceOf(item))
    }
  }

  #refuseConflict(): void {
    const { engine, space } = this.scope
    if (engine.lookForChanges() === this.#validAt) return
    const stored = engine.payload(space, this.key)
    const isSame =
      stored !== undefined && equalBytes(stored.payload.bytes, this.#stored.payload.bytes)
    if (!isSame) {
      this.#isDirty = false
      throw new ConflictError(space.shown(this.key))
    }
  }

  /** A part of the value, for messages. */
  shown(part: string): string {
    return this.scope.engine.codec.isDiscreet ? HIDDEN : part
  }

  #wasRemoved(): boolean {
    const { engine, space } = this.scope
    const changes = engine.lookForChanges()
    return changes !== this.#validAt && engine.payload(space, this.key) === undefined
  }

  #decode(payload: Payload): unknown {
    return this.scope.engine.codec.decode(payload)
  }

  #copy(leaf: object): unknown {
    return this.#decode(this.scope.engine.codec.encode(this.key, leaf))
  }

  #refuse(container: object, step: string, value: unknown): never {
    const what = `a ${typeof value} cannot be stored. Leave it out.`
    const place = `${this.#pathOf(container)}${step}`
    const { codec } = this.scope.engine
    if (codec.isDiscreet) codec.refuse(this.key, '', what)
    throw new UnpersistableValueError(this.key, '', what).within(place)
  }

  /** Where a container is in the value, for messages: looked for only when one is needed. */
  #pathOf(container: object): string {
    const open: { readonly raw: object; readonly path: string }[] = [{ raw: this.#raw, path: '' }]
    const seen = new Set<object>()
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at.raw === container) return at.path
      if (seen.has(at.raw)) continue
      seen.add(at.raw)
      for (const [key, part] of partsOf(at.raw)) {
        if (typeof part === 'object' && part !== null)
          open.push({ raw: part, path: `${at.path}${stepOf(key)}` })
      }
    }
    return ''
  }
}

function partsOf(raw: object): Iterable<readonly [unknown, unknown]> {
  if (raw instanceof Map) return raw
  return raw instanceof Set ? raw.entries() : Object.entries(raw)
}
