import type { StoreReader } from '../store/sync-store.js'
import type { Session } from './session.js'

/** Something besides deadlines that ends entries, such as that nobody reads them. */
export interface FurtherDue {
  /** Whether expire() has anything to do. */
  isDue(reader: StoreReader): boolean
  /** Looks at up to so many rows, and removes the entries that are to go; returns how many went. */
  expire(session: Session, rows: number): number
}
