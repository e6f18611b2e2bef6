/** Semantic bugs, each of which the programs must find. They replace a method, and put it back. */
import { EntryMap } from '../../src/dict/entry-map.js'
import { Scope } from '../../src/dict/scope.js'
import type { SetOptions } from '../../src/dict/set-options.js'
import { CachedReads } from '../../src/engine/cached-reads.js'
import { Commits } from '../../src/engine/commits.js'
import { writeCount } from '../../src/engine/count.js'
import { Engine } from '../../src/engine/engine.js'
import { PendingWrites } from '../../src/engine/pending-writes.js'
import { findRow, ROWS } from '../../src/engine/row.js'
import { Session } from '../../src/engine/session.js'
import type { Write } from '../../src/engine/write.js'
import type { WorldOptions } from './programs.js'

export interface Mutant extends WorldOptions {
  /** Makes the bug, and returns how it is mended. */
  readonly make: () => () => void
}

type Methods<T> = { [N in keyof T]: T[N] extends (...args: never[]) => unknown ? T[N] : never }

/** Replaces a method of a class by what `change` makes of it. */
function replaced<T extends object, N extends keyof Methods<T>>(
  { prototype }: { prototype: T },
  name: N,
  change: (original: T[N]) => T[N],
): () => void {
  const original = prototype[name]
  prototype[name] = change(original)
  return () => {
    prototype[name] = original
  }
}

const MEMORY = { place: 'memory', durability: 'commit' } as const
const BATCHED = { place: 'memory', durability: 'batched' } as const

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'a plain set() keeps the deadline': {
    ...MEMORY,
    make: () =>
      replaced(Scope, 'setWrite', (original) => {
        return function (this: Scope, key: string, value: unknown, options?: SetOptions) {
          return original.call(this, key, value, options ?? { keepTtl: true })
        }
      }),
  },
  'keepTtl is not heeded': {
    ...MEMORY,
    make: () =>
      replaced(Scope, 'setWrite', (original) => {
        return function (this: Scope, key: string, value: unknown, options?: SetOptions) {
          return original.call(this, key, value, { ...options, keepTtl: undefined })
        }
      }),
  },
  'delete() is always true': {
    ...BATCHED,
    make: () =>
      replaced(Engine, 'delete', (original) => {
        return function (this: Engine, ...key) {
          original.call(this, ...key)
          return true
        }
      }),
  },
  'has() finds what has expired': {
    ...MEMORY,
    make: () =>
      replaced(Engine, 'has', () => {
        return function (this: Engine, space, key) {
          return findRow(this.reader(), space, key, 'owned') !== undefined
        }
      }),
  },
  'own writes leave the read cache as it is': {
    ...MEMORY,
    make: () => replaced(CachedReads, 'drop', () => () => {}),
  },
  'commits of other processes are not noticed': {
    ...MEMORY,
    make: () => replaced(CachedReads, 'seen', () => () => {}),
  },
  'a pending key that came again keeps its place': {
    ...BATCHED,
    make: () =>
      replaced(PendingWrites, 'add', (original) => {
        return function (this: PendingWrites, id: string, write: Write) {
          original.call(this, id, write)
          const pending = this.get(id) as { isNew?: boolean } | undefined
          if (pending?.isNew) pending.isNew = false
        }
      }),
  },
  'a pending write is forgotten when there are several': {
    ...BATCHED,
    make: () =>
      replaced(PendingWrites, 'applyByKey', (original) => {
        return function (this: PendingWrites, session) {
          let left = this.count > 2 ? this.count - 1 : this.count
          original.call(this, {
            tx: session.tx,
            apply: (write, version) => void (left-- > 0 && session.apply(write, version)),
          })
        }
      }),
  },
  'clear() leaves a count': {
    ...MEMORY,
    make: () =>
      replaced(Session, 'clear', (original) => {
        return function (this: Session, space) {
          original.call(this, space)
          writeCount(this.tx, space, 1)
        }
      }),
  },
  'sweep() does not count what it removes': {
    ...MEMORY,
    make: () =>
      replaced(Session, 'expire', () => {
        return function (this: Session, _, key, deadline) {
          this.tx.forget(ROWS, { key, deadline })
          return this.tx.delete(ROWS, key)
        }
      }),
  },
  'compareAndSet() does not compare': {
    ...MEMORY,
    make: () =>
      replaced(EntryMap, 'compareAndSet', () => {
        return function (this: EntryMap<object, unknown>, key, _, value, options) {
          this.set(key, value, options)
          return true
        }
      }),
  },
  'a namespace shares the keys of its parent': {
    ...MEMORY,
    make: () =>
      replaced(Scope, 'within', () => {
        return function (this: Scope) {
          return this
        }
      }),
  },
  'a transaction that throws keeps what it did': {
    ...MEMORY,
    make: () =>
      replaced(Commits, 'transaction', (original) => {
        return function <T>(this: Commits, fn: (session: Session) => T): T {
          let failure: { readonly error: unknown } | undefined
          const result = original.call(this, (session: Session) => {
            try {
              return fn(session)
            } catch (error) {
              failure = { error }
              return undefined
            }
          })
          if (failure !== undefined) throw failure.error
          return result as T
        }
      }),
  },
  'close() loses what is pending': {
    place: 'lmdb',
    durability: 'batched',
    make: () =>
      replaced(Engine, 'close', (original) => {
        return function (this: Engine) {
          const flushSync = this.flushSync
          this.flushSync = () => {}
          original.call(this)
          this.flushSync = flushSync
        }
      }),
  },
}
