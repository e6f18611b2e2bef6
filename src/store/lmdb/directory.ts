/** The directory of an LMDB store, and what is in it. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DamagedStoreError } from '../../errors/open-errors.js'
import { checkAccess, localDirectory, makeDirectory, refuseOtherKind } from '../local-directory.js'

/**
 *     <directory>/gate.mdb, gate.mdb-lock   the gate
 *     <directory>/owners/                   who has the store open, see owners.ts
 *     <directory>/CURRENT                   the name of the generation that lives; without it, g1
 *     <directory>/g1/data.mdb, lock.mdb     the data, in its first generation
 */
export interface StoreDirectory {
  /** The real path, without links. */
  readonly path: string
  readonly gateFile: string
  readonly gateLockFile: string
  /** Where the records of owners are. */
  readonly ownersPath: string
  readonly currentFile: string
  /** Marks data of which not all is on disk, see unsynced.ts. */
  readonly unsyncedFile: string
  /** Says who backs up or compacts. */
  readonly maintenanceFile: string
  /** Says where the last backup is. */
  readonly backupFile: string
}

export interface GenerationPlace {
  readonly name: string
  readonly path: string
  readonly dataFile: string
  readonly lockFile: string
}

/** Opening writes the lock file and two pages; with less room the mapping itself would fault. */
export const LEAST_FREE_BYTES = 1 << 20

const FIRST = 'g1'
/** Where a backup is made: no dict is opened there before it is complete. */
export const UNFINISHED_BACKUP = 'g1.unfinished'

/** Makes and checks the directory. Throws PathError or StoreFullError, having changed nothing else. */
export function storeDirectory(path: string, allowNetworkFileSystem: boolean): StoreDirectory {
  const real = localDirectory(path, allowNetworkFileSystem, LEAST_FREE_BYTES)
  refuseOtherKind(real, 'lmdb')
  if (existsSync(join(real, UNFINISHED_BACKUP))) {
    throw new DamagedStoreError(
      join(real, UNFINISHED_BACKUP),
      'it is a backup that was not finished',
    )
  }
  return {
    path: real,
    gateFile: join(real, 'gate.mdb'),
    gateLockFile: join(real, 'gate.mdb-lock'),
    ownersPath: join(real, 'owners'),
    currentFile: join(real, 'CURRENT'),
    unsyncedFile: join(real, 'unsynced.json'),
    maintenanceFile: join(real, 'maintenance.json'),
    backupFile: join(real, 'backup.json'),
  }
}

/** Where a generation is. Its directory is made if need be. */
export function madePlace(directory: string, name: string): GenerationPlace {
  const place = placeOf(directory, name)
  makeDirectory(place.path)
  checkAccess(place.path)
  return place
}

export function placeOf(directory: string, name: string): GenerationPlace {
  const path = join(directory, name)
  return { name, path, dataFile: join(path, 'data.mdb'), lockFile: join(path, 'lock.mdb') }
}

/** The generation that lives. Only inside the gate is it certain for longer than a moment. */
export function currentName({ currentFile }: Pick<StoreDirectory, 'currentFile'>): string {
  let text: string
  try {
    text = readFileSync(currentFile, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return FIRST
    throw error
  }
  if (numberOf(text) > 0) return text
  throw new DamagedStoreError(currentFile, `it should name a generation, and says "${text}"`)
}

/** The data file of the store in a directory, for whoever only looks; it need not be there. */
export function livingDataFile(path: string): string {
  return placeOf(path, currentName({ currentFile: join(path, 'CURRENT') })).dataFile
}

/** Puts the name on disk, whole or not at all. */
export function makeCurrent({ path, currentFile }: StoreDirectory, name: string): void {
  writeDurably(path, currentFile, `${name}\n`)
}

/** Replaces a file of `directory`; on disk when it returns, and never half of it. */
export function writeDurably(directory: string, file: string, text: string): void {
  const draft = `${file}.new`
  writeFileSync(draft, text, { flush: true })
  renameSync(draft, file)
  syncDirectory(directory)
}

/** Puts the names in a directory on disk. */
export function syncDirectory(path: string): void {
  syncFile(path)
}

/** Puts what is in a file on disk. Never for a lock file: see FORMAT.md. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The number of a generation by its name; 0 for any other name. */
export function numberOf(name: string): number {
  return Number(/^g([1-9]\d{0,14})$/.exec(name)?.[1] ?? 0)
}

export function nextName(name: string): string {
  return `g${numberOf(name) + 1}`
}
