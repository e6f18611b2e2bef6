/**
 * The data of one store in this thread, however many dicts use it: opened safely, written safely, and
 * followed from one generation to the next.
 *
 * Everything that can hurt other processes happens inside the gate: checking the file, opening,
 * committing, closing. See docs/decisions for what each option guards against.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../clock.js'
import { TransactionError } from '../../errors/store-errors.js'
import { CommitWatch } from '../commit-watch.js'
import { fileIdentity } from '../local-directory.js'
import type { StoreNotice } from '../sync-store.js'
import {
  currentName,
  type GenerationPlace,
  madePlace,
  makeCurrent,
  numberOf,
  placeOf,
  type StoreDirectory,
} from './directory.js'
import type { Gate } from './gate.js'
import { Generation, type GenerationOptions } from './generation.js'
import { guardedId } from './guard.js'
import { asStoreError, isReadersFull, withFiles } from './lmdb-errors.js'
import type { NativeDatabase, NativeRoot } from './native.js'
import { openGate } from './open-gate.js'
import { assertNotSplit, Findings, Owners, Question } from './owners.js'
import { assertOpenable } from './preflight.js'
import type { CommitSize } from './room.js'
import { NEW_STATE, type StoreState } from './store-state.js'
import { Surroundings } from './surroundings.js'
import type { Turns } from './turns.js'
import { clearUnsynced, markUnsynced, recoverUnsynced } from './unsynced.js'

/** Flags of a write transaction: commit on this thread; and do not wait for the disk. */
const SYNCHRONOUS = 2
const NO_SYNC = 0x10000

/**
 * Where synced and unsynced commits alternate, the mark would come and go with each, and each time it
 * comes costs two disk syncs.
 */
const CLEAR_PAUSE_MS = 10_000

const RETRY = Symbol('begin again')
const SEALED = Symbol('the data has moved on')

export interface EnvironmentOptions extends GenerationOptions {
  /** What the entries and their indexes may take, in bytes. @default no limit */
  readonly maxSizeBytes?: number | undefined
  /** How long to wait for others who are inside the gate. @default 30,000 */
  readonly busyTimeoutMs?: number | undefined
  /** Those of another thread, which may end this one. */
  readonly turns?: Turns | undefined
}

export class Environment {
  readonly directory: StoreDirectory
  /** That of the gate: a directory removed and made anew holds another store. */
  readonly identity: string | undefined
  readonly commits: CommitWatch
  readonly maxSizeBytes: number
  readonly gate: Gate
  readonly #options: GenerationOptions
  readonly #owners: Owners
  #data: Generation
  #surroundings: Surroundings
  /** The id of the newest commit of which it is known that it did not seal the data, and left #state. */
  #unsealedId = -1
  /** The id at which the shared read transaction was last renewed. */
  #snapshotId = -1
  #inTransaction = false
  /** The running transaction puts everything on disk: the mark goes when it has committed. */
  #clearsMark = false
  /** Whether this thread made commits that may not be on disk. */
  #madeUnsynced = false
  #clearedAt = Number.NEGATIVE_INFINITY
  readonly notices: StoreNotice[] = []
  /** As of the running transaction, or of the commit #unsealedId. */
  #state: StoreState = NEW_STATE
  #writeId = 0

  constructor(directory: StoreDirectory, options: EnvironmentOptions) {
    this.directory = directory
    this.#options = options
    this.maxSizeBytes = options.maxSizeBytes ?? Number.POSITIVE_INFINITY
    assertOpenable(directory.path, [])
    assertNotSplit(directory, [directory.gateFile, directory.gateLockFile])
    const { dataFile, lockFile } = placeOf(directory.path, currentName(directory))
    assertOpenable(directory.path, [dataFile, lockFile])
    this.gate = openGate(directory.gateFile, { path: directory.path, ...options })
    try {
      const { data, owners } = this.#enter()
      this.#owners = owners
      this.#data = data
      this.#surroundings = new Surroundings(directory, data)
      this.identity = fileIdentity(directory.gateFile)
      this.commits = new CommitWatch(this.#commitSource())
    } catch (error) {
      this.gate.close()
      throw error
    }
  }

  /** The generation that is in use. Any call may exchange it, except inside a transaction. */
  get data(): Generation {
    return this.#data
  }

  get root(): NativeRoot {
    return this.#data.root
  }

  /** The state of the running transaction; see setState(). */
  get state(): StoreState {
    return this.#state
  }

  /** The id of the running transaction. */
  get writeId(): number {
    return this.#writeId
  }

  rows(bucket: string): NativeDatabase {
    return this.#data.rows(bucket)
  }

  deadlines(bucket: string): NativeDatabase {
    return this.#data.deadlines(bucket)
  }

  /** Inside a transaction: replaces the state. */
  setState(state: StoreState): void {
    this.native(() => this.#data.putState(state))
    this.#state = state
  }

  /** Inside a transaction that changes something: keeps the mark of unsynced commits true. */
  noteDurability(synced: boolean): void {
    const state = this.#state
    if (!synced) {
      this.#madeUnsynced = true
      if (state.isUnsynced) return
      withFiles(this.directory.path, () => markUnsynced(this.directory))
      this.setState({ ...state, isUnsynced: true })
    } else if (state.isUnsynced && systemClock.monotonic() - this.#clearedAt > CLEAR_PAUSE_MS) {
      this.#clearMark()
    }
  }

  /** Moves with every commit. Follows the data to its next generation. */
  changeId(): number {
    const id = this.#data.clock.read()
    if (id !== this.#unsealedId && !this.#inTransaction) return this.#noticed()
    return this.#data.changesBefore + id
  }

  /** Makes the next read see everything committed so far. */
  refresh(): void {
    if (this.#inTransaction) return
    const id = this.#data.clock.read()
    if (id === this.#snapshotId) return
    this.#renew(id)
    if (id !== this.#unsealedId) this.#noticed()
  }

  /**
   * Runs `fn` inside a write transaction, inside the gate, behind the guard. What `fn` throws comes
   * out unchanged; see native().
   */
  transaction<T>(synced: boolean, fn: () => T): T {
    // Whichever store began the running one: lmdb would let this one take part, and not roll it back.
    if (this.#inTransaction) throw new TransactionError('Transactions of a store do not nest.')
    const flags = synced ? SYNCHRONOUS : SYNCHRONOUS | NO_SYNC
    const value = this.gate.within(() => {
      for (let repairs = 0; ; ) {
        const result = this.#attempt(flags, repairs, fn)
        if (result === SEALED) this.#follow(this.#state.successor)
        else if (result === RETRY) repairs++
        else return result
      }
    })
    this.commits.look()
    return value
  }

  /** A new generation, not of this store's line yet, for a copy. */
  openCopy(place: GenerationPlace): Generation {
    return this.gate.within(() => new Generation(place, this.#options, this.gate))
  }

  /** Throws StoreGoneError, StoreFullError or StoreError unless the running transaction may commit. */
  assertReady(size: CommitSize, synced: boolean): void {
    this.#surroundings.assertReady(size, synced)
  }

  sync(): void {
    this.refresh()
    this.#surroundings.assertPresent()
    this.native(() => this.gate.within(() => this.root.env.sync()))
  }

  /**
   * Runs native code, and throws its errors as ours. They are told by a numeric code, which callers'
   * errors have, too: so nothing else may run inside.
   */
  native<T>(call: () => T): T {
    try {
      return call()
    } catch (error) {
      this.mend(error)
      return this.native(call)
    }
  }

  /** Returns if what has failed may go well now; else throws the error as ours. */
  mend(error: unknown): void {
    // The dead may have left their slots behind. Each time there are fewer of them.
    if (isReadersFull(error) && this.root.env.readerCheck() > 0) return
    throw asStoreError(error, this.directory.path)
  }

  /** Runs `end` first. Throws StoreBusyError, and nothing has happened, if others are inside for too long. */
  close(end?: () => void): void {
    this.gate.within(() => {
      end?.()
      this.commits.close()
      if (this.#madeUnsynced) this.#settleUnsynced()
      this.#data.retire()
      this.#owners.leave()
      this.gate.close()
    })
  }

  #attempt<T>(flags: number, repairs: number, fn: () => T): T | typeof RETRY | typeof SEALED {
    const data = this.#data
    const knownId = this.#unsealedId
    // Rolled back, the state is not what it was set to.
    this.#unsealedId = -1
    this.#inTransaction = true
    this.#clearsMark = false
    data.beginTransaction()
    let isCallback = false
    let isCommitted = false
    try {
      const result = data.root.transactionSync(() => {
        const id = guardedId(data.root.env, data.clock, repairs)
        if (id === undefined) throw RETRY
        this.#writeId = id
        // Nobody has committed since the state was read: looking for its row would cost a tree more.
        if (id !== knownId + 1) this.#state = data.state()
        if (this.#state.successor !== '') throw SEALED
        isCallback = true
        const value = fn()
        isCallback = false
        return value
      }, flags)
      isCommitted = true
      if (this.#clearsMark) this.#clearMarkFile()
      // Ours, so it is known what it did; and nobody else can have committed since, inside the gate.
      if (this.#state.successor === '') this.#unsealedId = data.clock.read()
      return result
    } catch (error) {
      if (error === RETRY || error === SEALED) return error
      throw isCallback ? error : asStoreError(error, this.directory.path)
    } finally {
      data.endTransaction(isCommitted)
      this.#inTransaction = false
      this.#snapshotId = -1
    }
  }

  #clearMark(): void {
    this.setState({ ...this.#state, isUnsynced: false })
    this.#clearsMark = true
    this.#clearedAt = systemClock.monotonic()
  }

  #clearMarkFile(): void {
    try {
      clearUnsynced(this.directory)
    } catch {
      // It has committed all the same. Whoever opens next sees that, and clears it.
    }
  }

  #settleUnsynced(): void {
    try {
      this.transaction(true, () => this.#clearMark())
    } catch {
      // The disk is full, or the directory has gone. The mark stays, and is right.
    }
  }

  #renew(id: number): void {
    this.#data.root.resetReadTxn()
    this.#snapshotId = id
  }

  /** Somebody has committed: looks whether that was the seal. Returns the change id. */
  #noticed(): number {
    const data = this.#data
    const id = data.clock.read()
    if (id !== this.#snapshotId) this.#renew(id)
    this.#state = this.native(() => data.state())
    const { successor } = this.#state
    if (successor !== '') this.gate.within(() => this.#follow(successor))
    else this.#unsealedId = id
    return this.#data.changesBefore + this.#data.clock.read()
  }

  /** Inside the gate, outside a transaction: goes on to the generation that lives. */
  #follow(successor: string): void {
    const old = this.#data
    const next = this.#openLiving(successor)
    this.#data = next
    this.#surroundings = new Surroundings(this.directory, next)
    this.#unsealedId = -1
    this.#snapshotId = -1
    old.retire()
    // A copy was put on disk as a whole.
    if (!next.state().isUnsynced) clearUnsynced(this.directory)
    this.#removeOutlived()
    this.commits.restart()
  }

  /** Inside the gate: opens the generation that lives, which is `least` or one after it. */
  #openLiving(least: string): Generation {
    let name = currentName(this.directory)
    // A process sealed the one before, and died before it could say so.
    if (numberOf(least) > numberOf(name)) makeCurrent(this.directory, least)
    for (name = currentName(this.directory); ; ) {
      const place = madePlace(this.directory.path, name)
      const data = new Generation(place, this.#options, this.gate)
      const { successor } = data.state()
      if (successor === '') return data
      data.retire()
      makeCurrent(this.directory, successor)
      name = successor
    }
  }

  /** Generations before the living one: whoever still reads them has them open. */
  #removeOutlived(): void {
    const living = numberOf(currentName(this.directory))
    for (const name of readdirSync(this.directory.path)) {
      const number = numberOf(name)
      if (number === 0 || number >= living) continue
      rmSync(join(this.directory.path, name), { recursive: true, force: true })
    }
  }

  #enter(): { data: Generation; owners: Owners } {
    const findings = new Findings(this.directory)
    for (;;) {
      try {
        return this.gate.within(() => this.#attemptEntry(findings))
      } catch (error) {
        if (!(error instanceof Question)) throw error
        findings.find(error)
      }
    }
  }

  /** Inside the gate. Throws a Question if something must be found out first. */
  #attemptEntry(findings: Findings): { data: Generation; owners: Owners } {
    const notice = recoverUnsynced(this.directory)
    if (notice !== undefined) this.notices.push(notice)
    const place = madePlace(this.directory.path, currentName(this.directory))
    if (existsSync(place.dataFile)) assertNotSplit(this.directory, [place.lockFile])
    const owners = new Owners(this.directory, place, findings)
    try {
      const data = this.#openLiving(place.name)
      // Its process died between the commit that put all on disk and this.
      if (!data.state().isUnsynced) clearUnsynced(this.directory)
      this.#removeOutlived()
      return { owners, data }
    } catch (error) {
      owners.leave()
      throw error
    }
  }

  #commitSource() {
    const data = () => this.#data
    return {
      get file() {
        return data().place.dataFile
      },
      published: () => this.changeId(),
      written: () => data().changesBefore + data().root.env.info().lastTxnId,
    }
  }
}
