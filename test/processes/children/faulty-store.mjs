/**
 * Stores with something done to them, for harnesses that must stop a process at a named point, or must
 * show that they would find a defect. Each wraps a store through its contract alone.
 */

/** A store in which some methods are others. */
export function wrapped(target, methods) {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(methods, name)) return methods[name]
      const member = target[name]
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** Calls `reach` with the name of each point of a transaction that is come to. */
export function withPoints(store, reach) {
  return wrapped(store, {
    transaction(promise, fn) {
      const result = store.transaction(promise, (tx) => {
        reach('begun')
        const value = fn(
          wrapped(tx, {
            put(...row) {
              tx.put(...row)
              reach('put')
            },
            delete(...row) {
              const existed = tx.delete(...row)
              reach('deleted')
              return existed
            },
          }),
        )
        reach('finished')
        return value
      })
      reach('committed')
      return result
    },
  })
}

/** The mutant that writes indexes and counts in a second transaction, as PersistDict once did. */
export function withSplitIndexes(store) {
  return wrapped(store, {
    transaction(promise, fn) {
      const later = []
      const result = store.transaction(promise, (tx) =>
        fn(
          wrapped(tx, {
            put(bucket, key, record, deadline) {
              const row = [bucket, Uint8Array.from(key), Uint8Array.from(record)]
              if (bucket === 'counts') later.push((second) => second.put(...row, 0))
              else tx.put(...row, 0)
              if (deadline !== 0) later.push((second) => second.put(...row, deadline))
            },
          }),
        ),
      )
      if (later.length > 0) {
        store.transaction(promise, (tx) => {
          for (const write of later) write(tx)
        })
      }
      return result
    },
  })
}
