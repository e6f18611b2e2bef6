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
 * All of it happens inside the gate, but for what another process has to find out: see Findings.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { type Clock, systemClock, type Timer } from '../../clock.js'
import { DamagedStoreError, PathError, PidCollisionError } from '../../errors/open-errors.js'
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
/** Processes that die all the time would be looked into all the time: then what was found must do. */
const MOST_QUESTIONS = 4

/**
 * What processes sent to look have found out about the data: outside the gate, so that nobody waits for
 * them but the one who opens.
 */
export class Findings {
  readonly #directory: StoreDirectory
  #questions = 0
  /** Pids of all who live and have read the data; undefined if that is not known. */
  #readers: ReadonlySet<number> | undefined
  /** Records of owners that were there when that was asked. */
  readonly asked = new Set<string>()
  /** Records of crashes after which a process has read the data and lived. */
  readonly survived = new Set<string>()

  constructor(directory: StoreDirectory) {
    this.#directory = directory
  }

  /** Whether there is something to be found out. */
  get mayAsk(): boolean {
    return this.#questions < MOST_QUESTIONS
  }

  /** Whether nobody with the pid of this record lives. */
  isGone(name: string, { pid }: ProcessIdentity): boolean {
    return this.asked.has(name) && this.#readers?.has(pid) === false
  }

  /** Answers a question. Throws DamagedStoreError. */
  find({ about, place, names }: Question): void {
    this.#questions++
    const { gateFile } = this.#directory
    if (about === 'readers') {
      this.#readers = livingReaders(gateFile, place.path)
      for (const name of names) this.asked.add(name)
      return
    }
    const cause = causeOfDeath(gateFile, place.path)
    if (cause !== undefined) {
      throw new DamagedStoreError(
        place.dataFile,
        `the last ${names.length} processes that opened it died at once, and so did one that was sent to look (${cause})`,
      )
    }
    for (const name of names) this.survived.add(name)
  }
}

/** Thrown by Owners: what must be found out before this thread can be entered. */
export class Question {
  readonly about: 'readers' | 'crashes'
  readonly place: GenerationPlace
  /** The records on whose account it is asked. */
  readonly names: readonly string[]

  constructor(about: Question['about'], place: GenerationPlace, names: readonly string[]) {
    this.about = about
    this.place = place
    this.names = names
  }
}

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
   * Enters this thread. Throws PidCollisionError or a Question; then it is not entered.
   */
  constructor(
    directory: StoreDirectory,
    place: GenerationPlace,
    findings: Findings,
    clock: Clock = systemClock,
  ) {
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
    this.hasOthers = this.#prune(directory, place, findings)
    this.#breakCrashLoop(place, findings)
    this.#write(this.#owner)
    this.#settling = clock.after(SETTLE_MS, () => this.#settle())
  }

  /** Removes this thread's record. What crashed before it is forgotten: it opened and closed well. */
  leave(): void {
    this.#settling.cancel()
    try {
      this.#forgetCrashes()
      this.#remove(this.#file)
    } catch {
      // The directory lets nobody write any more. The record goes when this process has ended.
    }
  }

  /** Removes the records of the dead. Returns whether anybody else is left. */
  #prune(directory: StoreDirectory, place: GenerationPlace, findings: Findings): boolean {
    const { pid } = processIdentity()
    const living = this.#others().filter(({ name, owner }) => !this.#isDead(name, owner))
    const unknown = living.filter(({ owner }) => lifeOf(owner) === 'unknown')
    const twins = unknown.filter(({ owner }) => owner.pid === pid)
    if (twins.length === 0 && unknown.length <= MAX_UNKNOWN) return living.length > 0
    const names = unknown.map(({ name }) => name)
    if (findings.mayAsk && !names.every((name) => findings.asked.has(name))) {
      throw new Question('readers', place, names)
    }
    const gone = unknown.filter(({ name, owner }) => findings.isGone(name, owner))
    const twin = twins.find((each) => !gone.includes(each))
    if (twin !== undefined) {
      throw new PidCollisionError(directory.path, pid, join(this.#path, twin.name))
    }
    for (const { name } of gone) this.#remove(name)
    return living.length > gone.length
  }

  #isDead(name: string, owner: Owner): boolean {
    if (lifeOf(owner) !== 'dead') return false
    if (owner.isSettled) this.#remove(name)
    else this.#crashes.push(name)
    return true
  }

  #breakCrashLoop(place: GenerationPlace, findings: Findings): void {
    const unexplained = this.#crashes.filter((name) => !findings.survived.has(name))
    if (unexplained.length >= CRASH_LOOP && findings.mayAsk) {
      throw new Question('crashes', place, this.#crashes)
    }
    for (const name of findings.survived) this.#remove(name)
    this.#crashes.splice(0, Number.POSITIVE_INFINITY, ...unexplained)
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

  #others(): Recorded[] {
    return recorded(this.#path).filter(({ name }) => name !== this.#file)
  }

  #write(owner: Owner): void {
    const file = join(this.#path, this.#file)
    // Outside the gate, too: nobody must ever read half of it.
    writeFileSync(`${file}.new`, `${JSON.stringify(owner)}\n`)
    renameSync(`${file}.new`, file)
  }

  #remove(name: string): void {
    for (const file of [name, `${name}.new`]) rmSync(join(this.#path, file), { force: true })
  }
}

/**
 * Throws PathError if one of these files is missing though somebody has the store open: with a new lock
 * file, they and this process would know nothing of each other.
 */
export function assertNotSplit({ ownersPath }: StoreDirectory, files: readonly string[]): void {
  const missing = files.filter((file) => !existsSync(file))
  if (missing.length === 0) return
  const living = recorded(ownersPath).find(({ owner }) => lifeOf(owner) === 'alive')
  if (living === undefined) return
  // One who opens a new store makes them first, and then the record: meanwhile, perhaps.
  const removed = missing.find((file) => !existsSync(file))
  if (removed === undefined) return
  throw new PathError(
    removed,
    `it was removed while process ${living.owner.pid} has the store open. End that process, and open again: nothing is lost.`,
  )
}

interface Recorded {
  readonly name: string
  readonly owner: Owner
}

function recorded(path: string): Recorded[] {
  if (!existsSync(path)) return []
  return readdirSync(path).flatMap((name) => {
    const owner = name.endsWith('.json') ? readOwner(join(path, name)) : undefined
    return owner === undefined ? [] : { name, owner }
  })
}

function readOwner(file: string): Owner | undefined {
  try {
    const owner: Owner | null = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof owner?.pid === 'number' && typeof owner.bootId === 'string') return owner
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (!(error instanceof SyntaxError)) throw error
  }
  // It was cut off by a crash of the system, which its writer, too, did not survive.
  rmSync(file, { force: true })
  return undefined
}

function ownVersion(): string {
  try {
    return createRequire(import.meta.url)('persistdict/package.json').version
  } catch {
    // An application's bundle may have no package beside it. The version is only for people who look into the file.
    return 'unknown'
  }
}
