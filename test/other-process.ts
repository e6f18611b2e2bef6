/** A second view of a store, over which open() makes an engine of its own, as another process would. */
import type { SyncStore } from '../src/store/sync-store.js'

/** What the view does differently. */
export interface Differences {
  /** Called before each transaction begins. */
  readonly beforeTransaction?: () => void
  /** Called after each has been committed, before anybody here hears of it. */
  readonly afterTransaction?: () => void
}

let views = 0

/** The store under an identity of its own: it shares neither cache nor pending writes with others. */
export function asOtherProcess(store: SyncStore, differences: Differences = {}): SyncStore {
  const identity = `${store.identity}, view ${++views}`
  const transaction: SyncStore['transaction'] = (promise, fn) => {
    differences.beforeTransaction?.()
    const result = store.transaction(promise, fn)
    differences.afterTransaction?.()
    return result
  }
  return new Proxy(store, {
    get(_, name) {
      if (name === 'identity') return identity
      if (name === 'transaction') return transaction
      // It is closed with the store itself.
      if (name === 'close') return () => {}
      const member: unknown = Reflect.get(store, name, store)
      return typeof member === 'function' ? member.bind(store) : member
    },
  })
}
