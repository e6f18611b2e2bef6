/**
 * All live values over one engine: at most one root a key, as long as somebody holds a part of it.
 *
 * Clean roots are held weakly: when the last face is gone, so is the root. Dirty ones are held until
 * they are written.
 */
import type { Engine } from '../../engine/engine.js'
import type { LiveObserver } from '../../engine/live-observer.js'
import type { Write } from '../../engine/write.js'
import { LiveRoot, type LiveScope } from './live-root.js'
import { isContainer } from './reconcile.js'

export class LiveRoots implements LiveObserver {
  readonly #engine: Engine
  readonly #onError: (error: unknown) => void
  readonly #roots = new Map<string, WeakRef<LiveRoot>>()
  readonly #dirty = new Map<string, LiveRoot>()
  /** Changed in the running transaction: to be restored if it is taken back. */
  readonly #inTransaction = new Set<LiveRoot>()
  readonly #gone: FinalizationRegistry<string>
  /** The root that is writing itself: its own write does not replace it. */
  #writing: string | undefined
  #isScheduled = false

  constructor(engine: Engine, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#onError = onError
    this.#gone = new FinalizationRegistry((id) => {
      if (this.#roots.get(id)?.deref() === undefined) this.#roots.delete(id)
    })
    engine.live = this
  }

  /** The live value of a key: a face, or a primitive, or a copy of a leaf; undefined if absent. */
  value(scope: LiveScope, key: string): unknown {
    const id = scope.space.idOf(key)
    const known = this.#roots.get(id)?.deref()
    if (known !== undefined) {
      if (known.refresh()) return known.face
      this.#detach(known)
    }
    const value = this.#engine.value(scope.space, key, 'frozen')
    if (typeof value !== 'object' || value === null || !isContainer(value)) return value
    const stored = this.#engine.payload(scope.space, key)
    if (stored === undefined) return undefined
    const root = new LiveRoot(this, scope, key, stored)
    this.#roots.set(id, new WeakRef(root))
    this.#gone.register(root, id)
    return root.face
  }

  /** Whether `value` is the live value of the key itself. */
  isFaceOf(scope: LiveScope, key: string, value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false
    const root = this.#roots.get(scope.space.idOf(key))?.deref()
    return root?.face === value && root.refresh()
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0
  }

  noteDirty(root: LiveRoot): void {
    this.#dirty.set(root.id, root)
    if (this.#engine.isInTransaction) this.#inTransaction.add(root)
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      try {
        if (!this.#engine.isClosed) this.settleAll()
      } catch (error) {
        this.#onError(error)
      }
    })
  }

  settle(id: string): void {
    const root = this.#dirty.get(id)
    if (root === undefined || this.#writing !== undefined) return
    this.#write(root)
  }

  settleAll(): void {
    if (this.#writing !== undefined) return
    for (const root of this.#dirty.values()) this.#write(root)
    if (!this.#engine.isInTransaction) this.#inTransaction.clear()
  }

  replaced(id: string): void {
    if (id === this.#writing || this.#roots.size === 0) return
    const root = this.#roots.get(id)?.deref()
    if (root !== undefined) this.#detach(root)
  }

  cleared(namespace: object): void {
    for (const reference of this.#roots.values()) {
      const root = reference.deref()
      if (root?.scope.space === namespace) this.#detach(root)
    }
  }

  rolledBack(): void {
    for (const root of this.#inTransaction) {
      this.#dirty.delete(root.id)
      if (!root.restore()) this.#detach(root)
    }
    this.#inTransaction.clear()
  }

  #write(root: LiveRoot): void {
    this.#writing = root.id
    try {
      const write = root.takeChanges()
      if (write !== undefined) this.#store(root, write)
    } finally {
      this.#writing = undefined
      if (!root.isDirty) this.#dirty.delete(root.id)
    }
  }

  #store(root: LiveRoot, write: Write): void {
    try {
      this.#engine.write([write])
    } catch (error) {
      root.putBack()
      throw error
    }
  }

  #detach(root: LiveRoot): void {
    root.detach()
    this.#dirty.delete(root.id)
    this.#roots.delete(root.id)
  }
}
