/**
 * Backup and compaction of an LMDB store: two uses of a copy.
 *
 * A backup becomes a store elsewhere. A compaction becomes the next generation here: the old one is
 * sealed in the transaction with which the copy is complete, and every process goes over to the next
 * at its next operation. A crash before the seal leaves the old one, and one after it the new one.
 *
 *     maintenance.lock   held by whoever copies (proper-lockfile). It saves work, no more: should two
 *                        hold it, the state of the data names one of them, and the other gives up.
 *     maintenance.json   who that is: the lock of a process that is dead is taken over at once
 *     backup.json        where the last backup is
 *
 * Every step is published on a diagnostics channel, `persistdict:lmdb:upkeep`: tests die there.
 */
import { channel } from 'node:diagnostics_channel'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { systemClock } from '../../clock.js'
import { kindOf } from '../../errors/checked-argument.js'
import { ClosedError, PathError } from '../../errors/open-errors.js'
import { OptionError } from '../../errors/option-error.js'
import { StoreError, StoreFullError } from '../../errors/store-errors.js'
import { lifeOf, type ProcessIdentity, processIdentity } from '../../process-identity.js'
import { fileIdentity, makeDirectory } from '../local-directory.js'
import type { BackupReport, CompactReport, StoreUpkeep } from '../sync-store.js'
import { Copy } from './copy.js'
import {
  type GenerationPlace,
  LEAST_FREE_BYTES,
  madePlace,
  nextName,
  placeOf,
  syncDirectory,
  UNFINISHED_BACKUP,
  writeDurably,
} from './directory.js'
import type { Environment } from './environment.js'
import { dropNotes, oldestNotes } from './journal.js'
import { asFileError } from './lmdb-errors.js'

const steps = channel('persistdict:lmdb:upkeep')

/** A lock that was not renewed for so long is that of a dead process, or of one that stands still. */
const STALE_LOCK_MS = 15_000
const RENEW_LOCK_MS = 3_000
/** Notes of a copy that was given up, dropped in one transaction. */
const DROP_STEP = 1_000

export class LmdbUpkeep implements StoreUpkeep {
  readonly #environment: Environment
  #copy: Copy | undefined
  #isClosed = false

  constructor(environment: Environment) {
    this.#environment = environment
  }

  async backup(directory: string): Promise<BackupReport> {
    this.#assertOpen()
    const path = backupDirectory(directory)
    const { directory: own } = this.#environment
    return this.#locked(async () => {
      const draft = { ...placeOf(path, UNFINISHED_BACKUP), name: 'g1' }
      const { path: finished, dataFile } = placeOf(path, 'g1')
      mkdirSync(draft.path)
      try {
        await this.#copyTo(draft, (state) => ({ ...state, copier: '' }))
        // Its locks were those of this copying. Whoever opens the backup makes new ones.
        rmSync(draft.lockFile, { force: true })
        syncDirectory(draft.path)
        renameSync(draft.path, finished)
      } catch (error) {
        rmSync(draft.path, { recursive: true, force: true })
        throw error
      }
      syncDirectory(path)
      reach('backup complete')
      const record = { path, madeAt: systemClock.now() }
      writeDurably(own.path, own.backupFile, `${JSON.stringify(record)}\n`)
      return { path, sizeBytes: statSync(dataFile).size }
    })
  }

  async compact(): Promise<CompactReport> {
    this.#assertOpen()
    const environment = this.#environment
    return this.#locked(async () => {
      environment.refresh()
      const beforeBytes = statSync(environment.data.place.dataFile).size
      const name = nextName(environment.data.place.name)
      // Left by a compaction that did not come to its end: nothing has ever referred to it.
      rmSync(placeOf(environment.directory.path, name).path, { recursive: true, force: true })
      const place = madePlace(environment.directory.path, name)
      const own = fileIdentity(place.path)
      let isSealed = false
      try {
        await this.#copyTo(place, (state) => ({ ...state, copier: '', successor: name }))
        isSealed = true
      } finally {
        // Another's, if that one took the place over while this process stood still.
        const isOwn = fileIdentity(place.path) === own
        if (!isSealed && isOwn) rmSync(place.path, { recursive: true, force: true })
      }
      reach('sealed')
      // This thread is the first to go over, and says so to those who come.
      environment.changeId()
      reach('switched')
      return { beforeBytes, afterBytes: statSync(place.dataFile).size }
    })
  }

  /** Gives up what is under way: the store is about to be closed. */
  close(): void {
    this.#isClosed = true
    try {
      this.#copy?.abort()
    } catch {
      // Whoever awaits the copy hears that it was given up. The others go on noting their changes,
      // until there are too many.
    }
  }

  async #copyTo(place: GenerationPlace, seal: Parameters<Copy['finish']>[0]): Promise<void> {
    this.#assertRoom(place)
    await this.#dropOldNotes()
    this.#assertOpen()
    const copy = new Copy(this.#environment, place, reach)
    this.#copy = copy
    try {
      await copy.run()
      copy.finish(seal)
    } catch (error) {
      copy.abort()
      throw error
    } finally {
      this.#copy = undefined
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError()
  }

  #assertRoom({ path }: GenerationPlace): void {
    const { bavail, bsize } = statfsSync(path)
    const needed = statSync(this.#environment.data.place.dataFile).size + LEAST_FREE_BYTES
    if (bavail * bsize >= needed) return
    throw new StoreFullError(
      `"${path}" has ${bavail * bsize} bytes of free space left, and a copy may need ${needed}.`,
    )
  }

  /** Of copies that were given up. Only a copier reads the journal, so nobody else misses them. */
  async #dropOldNotes(): Promise<void> {
    const environment = this.#environment
    environment.transaction(true, () => environment.setState({ ...environment.state, copier: '' }))
    for (;;) {
      environment.refresh()
      const notes = environment.native(() => oldestNotes(environment.data, DROP_STEP))
      if (notes.length === 0) return
      environment.transaction(true, () => dropNotes(environment.data, notes))
      await new Promise<void>((done) => systemClock.endOfTurn(done))
      this.#assertOpen()
    }
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.#lock()
    try {
      this.#assertOpen()
      return await work()
    } catch (error) {
      throw asFileError(error, this.#environment.directory.path)
    } finally {
      await release()
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    const { path, maintenanceFile } = this.#environment.directory
    // Loaded late: it listens for signals from then on.
    const lockfile: typeof import('proper-lockfile') = createRequire(import.meta.url)(
      'proper-lockfile',
    )
    const lockPath = join(path, 'maintenance.lock')
    // Behind the store's own lock, and together with the record: of two who find the same one dead, the
    // second must not take the lock from the first.
    this.#environment.transaction(false, () => {
      if (!holderIsDead(maintenanceFile)) return
      rmSync(lockPath, { recursive: true, force: true })
      rmSync(maintenanceFile, { force: true })
    })
    let isCompromised = false
    try {
      const release = await lockfile.lock(path, {
        lockfilePath: lockPath,
        stale: STALE_LOCK_MS,
        update: RENEW_LOCK_MS,
        realpath: false,
        // This process stood still for long. If another began to copy meanwhile, the copy finds out.
        onCompromised: () => {
          isCompromised = true
        },
      })
      writeFileSync(maintenanceFile, JSON.stringify(processIdentity()))
      return async () => {
        rmSync(maintenanceFile, { force: true })
        if (!isCompromised) await release()
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ELOCKED') throw asFileError(cause, path)
      throw new StoreError(
        `"${path}" is being backed up or compacted already, here or by another process. Try again when that is done.`,
        { cause },
      )
    }
  }
}

/** Whether the one who held the lock last has died without letting go. */
function holderIsDead(file: string): boolean {
  try {
    return lifeOf(JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity) === 'dead'
  } catch {
    // Nobody, or somebody who has only begun to write: then the age of the lock decides.
    return false
  }
}

function reach(step: string): void {
  if (steps.hasSubscribers) steps.publish({ step })
}

/**
 * The real path of a directory for a backup, made if need be. Throws PathError if anything is in it, and
 * OptionError for what is no path.
 */
export function backupDirectory(directory: string): string {
  if (typeof directory !== 'string' || directory === '') {
    const given = directory === '' ? 'an empty string' : kindOf(directory)
    throw new OptionError('path', `backup() takes the path of a directory, and was given ${given}.`)
  }
  const asked = resolve(directory)
  makeDirectory(asked)
  const path = realpathSync(asked)
  if (readdirSync(path).length === 0) return path
  throw new PathError(path, 'a backup needs a directory that is empty, or new.')
}
