/**
 * Who has a store open: a small file for each thread, in `owners/`.
 *
 *     owners/<pid>-<thread>-<start time>.json    an Owner
 *
 * It is written before the data is opened and removed after it was closed, so a file whose process is
 * dead is what a crash left. It tells three things:
 *
 * - Two living processes with one pid, in two containers: LMDB would stop the second for as long as
 *   the first lives. It is refused instead.
 * - Processes that died soon after they opened, one after the other: perhaps of the data itself. The
 *   next one lets a child read it first.
 * - Whether anybody else has the store open.
 *
 * All of it happens inside the gate.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { type Clock, systemClock, type Timer } from '../../clock.js'
import { DamagedStoreError, PidCollisionError } from '../../errors/open-errors.js'
import { lifeOf, type ProcessIdentity, processIdentity } from '../../process-identity.js'
import type { GenerationPlace, StoreDirectory } from './directory.js'
import { causeOfDeath, livingReaders } from './open-probe.js'

interface Owner extends ProcessIdentity {
  readonly thread: number
  /** Whether it lived for a while: what ends it later was not the opening. */
  readonly isSettled: boolean
  readonly openedAt: number
  readonly versions: { readonly node: string; readonly persistdict: string }
}

/** A process that lives so long has survived its opening. */
const SETTLE_MS = 1_000
/** So many deaths in a row make the next opener look first. */
const CRASH_LOOP = 3
/** More records of unknown life than this are worth the tenth of a second that asking the kernel takes. */
const MAX_UNKNOWN = 16

export class Owners {
  readonly #path: string
  readonly #file: string
  readonly #owner: Owner
  /** What those left that died soon after they had opened. */
  readonly #crashes: string[] = []
  readonly #settling: Timer
  /** Whether another thread or process had the store open when this one came. */
  readonly hasOthers: boolean

  /**
   * Enters this thread. Throws PidCollisionError or DamagedStoreError; then it is not entered.
   */
  constructor(directory: StoreDirectory, place: GenerationPlace, clock: Clock = systemClock) {
    this.#path = directory.ownersPath
    const identity = processIdentity()
    this.#owner = {
      ...identity,
      thread: threadId,
      isSettled: false,
      openedAt: clock.now(),
      versions: { node: process.versions.node, persistdict: ownVersion() },
    }
    this.#file = `${identity.pid}-${threadId}-${identity.startTime}.json`
    mkdirSync(this.#path, { recursive: true })
    this.hasOthers = this.#prune(directory, place)
    if (this.#crashes.length >= CRASH_LOOP) this.#breakCrashLoop(place)
    this.#write(this.#owner)
    this.#settling = clock.after(SETTLE_MS, () => this.#settle())
  }

  /** Removes this thread's record. What crashed before it is forgotten: it opened and closed well. */
  leave(): void {
    this.#settling.cancel()
    this.#forgetCrashes()
    this.#remove(this.#file)
  }

  /** Removes the records of the dead. Returns whether anybody else is left. */
  #prune(directory: StoreDirectory, place: GenerationPlace): boolean {
    const { pid } = processIdentity()
    const living = this.#others().filter(({ name, owner }) => !this.#isDead(name, owner))
    const unknown = living.filter(({ owner }) => lifeOf(owner) === 'unknown')
    const twins = unknown.filter(({ owner }) => owner.pid === pid)
    if (twins.length === 0 && unknown.length <= MAX_UNKNOWN) return living.length > 0
    const readers = livingReaders(place.path)
    if (twins.length > 0 && (readers?.has(pid) ?? true)) {
      throw new PidCollisionError(directory.path, pid, join(this.#path, twins[0]?.name ?? ''))
    }
    const gone = unknown.filter(({ owner }) => !(readers?.has(owner.pid) ?? true))
    for (const { name } of gone) this.#remove(name)
    return living.length > gone.length
  }

  #isDead(name: string, owner: Owner): boolean {
    if (lifeOf(owner) !== 'dead') return false
    if (owner.isSettled) this.#remove(name)
    else this.#crashes.push(name)
    return true
  }

  #breakCrashLoop(place: GenerationPlace): void {
    const cause = causeOfDeath(place.path)
    if (cause !== undefined) {
      throw new DamagedStoreError(
        place.dataFile,
        `the last ${this.#crashes.length} processes that opened it died at once, and so did one that was sent to look (${cause})`,
      )
    }
    this.#forgetCrashes()
  }

  #settle(): void {
    try {
      this.#write({ ...this.#owner, isSettled: true })
    } catch {
      // The disk is full, or the directory is gone: writers are told of that. Only if this process
      // crashes, too, will the next one take a longer look than it had to.
    }
    this.#forgetCrashes()
  }

  #forgetCrashes(): void {
    for (const name of this.#crashes) this.#remove(name)
    this.#crashes.length = 0
  }

  #others(): { readonly name: string; readonly owner: Owner }[] {
    return readdirSync(this.#path).flatMap((name) => {
      if (name === this.#file) return []
      const owner = this.#read(name)
      return owner === undefined ? [] : { name, owner }
    })
  }

  #read(name: string): Owner | undefined {
    try {
      const owner: Owner | null = JSON.parse(readFileSync(join(this.#path, name), 'utf8'))
      if (typeof owner?.pid === 'number' && typeof owner.bootId === 'string') return owner
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      if (!(error instanceof SyntaxError)) throw error
    }
    // Nobody writes outside the gate: it was cut off by a crash of the system, which its writer, too,
    // did not survive.
    this.#remove(name)
    return undefined
  }

  #write(owner: Owner): void {
    writeFileSync(join(this.#path, this.#file), `${JSON.stringify(owner)}\n`)
  }

  #remove(name: string): void {
    rmSync(join(this.#path, name), { force: true })
  }
}

function ownVersion(): string {
  try {
    return createRequire(import.meta.url)('../../../package.json').version
  } catch {
    // A bundle has no package.json. The version is only for people who look into the file.
    return 'unknown'
  }
}
