/** The directory of an LMDB store, and what is in it. */
import { join } from 'node:path'
import { checkAccess, localDirectory, makeDirectory } from '../local-directory.js'

/**
 *     <directory>/gate.mdb, gate.mdb-lock   the gate
 *     <directory>/owners/                   who has the store open, see owners.ts
 *     <directory>/g1/data.mdb, lock.mdb     the data, in its first generation
 */
export interface StoreDirectory {
  /** The real path, without links. */
  readonly path: string
  readonly gateFile: string
  readonly gateLockFile: string
  /** Where the records of owners are. */
  readonly ownersPath: string
  readonly generation: string
  readonly dataFile: string
  readonly lockFile: string
}

/** Opening writes the lock file and two pages; with less room the mapping itself would fault. */
export const LEAST_FREE_BYTES = 1 << 20

/** Makes and checks the directory. Throws PathError or StoreFullError, having changed nothing else. */
export function storeDirectory(path: string, allowNetworkFileSystem: boolean): StoreDirectory {
  const real = localDirectory(path, allowNetworkFileSystem, LEAST_FREE_BYTES)
  const generation = join(real, 'g1')
  makeDirectory(generation)
  checkAccess(generation)
  return {
    path: real,
    gateFile: join(real, 'gate.mdb'),
    gateLockFile: join(real, 'gate.mdb-lock'),
    ownersPath: join(real, 'owners'),
    generation,
    dataFile: join(generation, 'data.mdb'),
    lockFile: join(generation, 'lock.mdb'),
  }
}
