/**
 * A mark beside the data, for as long as there may be commits that are not on disk.
 *
 *     unsynced.json   {"bootId":"…"}   of the boot in which they were made
 *
 * It is on disk before the first such commit, and goes when everything is. Within one boot it means
 * nothing: the system still has what it was given. After another, the data file is a mixture of old
 * and new pages that LMDB takes for whole: it is not read. It is put aside, and the last backup takes
 * its place, or an empty store.
 */
import { copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../clock.js'
import { processIdentity } from '../../process-identity.js'
import type { StoreNotice } from '../sync-store.js'
import {
  currentName,
  type GenerationPlace,
  madePlace,
  makeCurrent,
  nextName,
  placeOf,
  type StoreDirectory,
  storeDirectory,
  syncDirectory,
  syncFile,
  writeDurably,
} from './directory.js'
import { checkDataFile } from './file-check.js'

/** Must come before the commit that it is about. */
export function markUnsynced({ path, unsyncedFile }: StoreDirectory): void {
  const { bootId } = processIdentity()
  writeDurably(path, unsyncedFile, `${JSON.stringify({ bootId })}\n`)
}

export function clearUnsynced({ unsyncedFile }: StoreDirectory): void {
  rmSync(unsyncedFile, { force: true })
}

/**
 * Inside the gate, before the data is opened. If there were unsynced commits when the system went
 * down, puts the data aside, and says what has taken its place.
 */
export function recoverUnsynced(directory: StoreDirectory): StoreNotice | undefined {
  if (!isOfAnotherBoot(directory)) return undefined
  const { path } = directory
  const suspect = currentName(directory)
  const aside = `aside-${suspect}-${systemClock.now()}`
  // First: should this process die here, the next one finds the mark still there, and nothing to read.
  rename(join(path, suspect), join(path, aside))
  const name = nextName(suspect)
  rmSync(join(path, name), { recursive: true, force: true })
  const backup = restore(directory, madePlace(path, name))
  makeCurrent(directory, name)
  clearUnsynced(directory)
  const reason = `The system went down while "${path}" had commits that were not on disk (durability 'commit'). What it held is in "${aside}" there`
  return backup === undefined
    ? { code: 'rebuilt-empty', message: `${reason}; it begins empty.` }
    : { code: 'restored-backup', message: `${reason}; the backup "${backup}" was restored.` }
}

function isOfAnotherBoot({ unsyncedFile }: StoreDirectory): boolean {
  const { bootId } = processIdentity()
  let marked: unknown
  try {
    marked = JSON.parse(readFileSync(unsyncedFile, 'utf8')).bootId
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    if (!(error instanceof SyntaxError)) throw error
  }
  // Where the system does not tell, one boot looks like another.
  return bootId !== 'unknown' && marked !== 'unknown' && marked !== bootId
}

/** The path of the backup whose data is now in `place`; undefined if there is none that can be used. */
function restore(directory: StoreDirectory, place: GenerationPlace): string | undefined {
  try {
    const { path } = JSON.parse(readFileSync(directory.backupFile, 'utf8'))
    const backup = storeDirectory(path, true)
    const { dataFile } = placeOf(backup.path, currentName(backup))
    checkDataFile(dataFile)
    copyFileSync(dataFile, place.dataFile)
    syncFile(place.dataFile)
    syncDirectory(place.path)
    return backup.path
  } catch {
    // No backup, moved away, or damaged: which of these makes no difference to what can be done.
    rmSync(place.dataFile, { force: true })
    return undefined
  }
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
