/** All that has to do with the leases of one store in this thread. */
import type { Clock } from '../../clock.js'
import type { Engine } from '../engine.js'
import type { Session } from '../session.js'
import { LeaseKeeper } from './lease-keeper.js'
import type { Awaitable, LeaseTable } from './lease-table.js'
import { LeaseWatch } from './lease-watch.js'
import { Locks } from './locks.js'
import { type LeaseTransaction, SyncLeases } from './sync-leases.js'

export class Leasing<T extends LeaseTable = LeaseTable> {
  readonly table: T
  readonly keeper: LeaseKeeper
  readonly watch: LeaseWatch
  readonly locks: Locks

  constructor(table: T, clock: Clock, onError: (error: unknown) => void) {
    this.table = table
    this.keeper = new LeaseKeeper(table, clock, onError)
    this.watch = new LeaseWatch(table, clock)
    this.locks = new Locks({ table, clock, keeper: this.keeper, watch: this.watch })
  }

  /** Gives all leases back. Call before the store is closed. */
  close(): Awaitable<unknown> {
    return this.keeper.releaseAll()
  }
}

/** The leases of an engine's store. */
export function engineLeasing(
  engine: Engine,
  onError: (error: unknown) => void,
): Leasing<SyncLeases> {
  const table = new SyncLeases({
    clock: engine.clock,
    transact: (fn) => engine.transaction((session) => fn(noticed(session))),
    reader: () => (engine.isInTransaction ? engine.reader() : engine.store),
    onCommit: (listener) => engine.store.onCommit(listener),
  })
  return new Leasing(table, engine.clock, onError)
}

/** The transaction of a session, which is told of what is written past it. */
function noticed(session: Session): LeaseTransaction {
  const { tx } = session
  return {
    get: (bucket, key) => tx.get(bucket, key),
    nextVersion: () => tx.nextVersion(),
    put(bucket, key, record, deadline) {
      session.hasWritten = true
      tx.put(bucket, key, record, deadline)
    },
    delete(bucket, key) {
      session.hasWritten = true
      return tx.delete(bucket, key)
    },
  }
}
