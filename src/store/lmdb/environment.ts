/**
 * One LMDB environment, opened safely and once per thread, however many dicts use it.
 *
 * Everything that can hurt other processes happens inside the gate: checking the file, opening,
 * committing, closing. See docs/decisions for what each option guards against.
 */
import { statfsSync } from 'node:fs'
import { PathError } from '../../errors/open-errors.js'
import { PersistDictError } from '../../errors/persist-dict-error.js'
import {
  StoreError,
  StoreFullError,
  StoreGoneError,
  TransactionError,
} from '../../errors/store-errors.js'
import { CommitWatch } from '../commit-watch.js'
import { explain, fileIdentity } from '../local-directory.js'
import { type ChangeClock, changeClock } from './change-clock.js'
import { LEAST_FREE_BYTES, type StoreDirectory } from './directory.js'
import type { Gate } from './gate.js'
import { mayWrite } from './guard.js'
import { asStoreError } from './lmdb-errors.js'
import { DATABASE_OPTIONS, loadNative, type NativeDatabase, type NativeRoot } from './native.js'
import { checkFile, openGate } from './open-gate.js'
import { Owners } from './owners.js'
import { assertOpenable } from './preflight.js'

export interface EnvironmentOptions {
  /** Address space set aside for the file, in bytes. It costs no memory and no disk. */
  readonly mapSizeBytes: number
  /** How many threads of all processes may read at once. */
  readonly maxReaders: number
  readonly changeClock: ChangeClock['kind']
}

/** Flags of a write transaction: commit on this thread; and do not wait for the disk. */
const SYNCHRONOUS = 2
const NO_SYNC = 0x10000

/** Named databases that one environment may have. */
const MAX_DATABASES = 128

/** Simultaneous last close and open can leave LMDB's mutexes broken; closing and trying again heals. */
const OPEN_ATTEMPTS = 20

const PAGE_BYTES = 4_096
/** The pages from a leaf to its root, with one more where each is split. */
const MOST_PAGE_BYTES_PER_ROW = 8 * PAGE_BYTES

const ANY_KEY = Buffer.of(1)

const RETRY = Symbol('begin again')

export class Environment {
  readonly directory: StoreDirectory
  /** That of the data file: a directory removed and made anew holds another store. */
  readonly identity: string | undefined
  readonly clock: ChangeClock
  readonly commits: CommitWatch
  readonly root: NativeRoot
  readonly #gate: Gate
  readonly #owners: Owners
  readonly #rows = new Map<string, NativeDatabase>()
  readonly #deadlines = new Map<string, NativeDatabase>()
  /** A map of one: whatever its name, a bucket is not in it. */
  readonly #versions = new Map<string, NativeDatabase>()
  /** Databases first opened in the running transaction: gone again if it rolls back. */
  #opening: { readonly from: Map<string, NativeDatabase>; readonly bucket: string }[] = []
  /** The change id at which the shared read transaction was last renewed. */
  #snapshotId = -1
  #inTransaction = false

  constructor(directory: StoreDirectory, options: EnvironmentOptions) {
    this.directory = directory
    assertOpenable(directory.path, [directory.dataFile, directory.lockFile])
    this.#gate = openGate(directory.gateFile)
    try {
      const { opened, owners } = this.#gate.within(() =>
        enterAndOpen(directory, options, this.#gate),
      )
      this.#owners = owners
      this.root = opened.root
      this.clock = opened.clock
      this.identity = fileIdentity(directory.dataFile)
      this.commits = new CommitWatch({
        file: directory.dataFile,
        published: () => this.clock.read(),
        written: () => this.root.env.info().lastTxnId,
      })
    } catch (error) {
      this.#gate.close()
      throw error
    }
  }

  /**
   * The records of a bucket. JSON escapes NUL, at which LMDB would cut a name off, and lone
   * surrogates, which it would merge.
   */
  rows(bucket: string): NativeDatabase {
    return this.#rows.get(bucket) ?? this.#openDatabase(this.#rows, bucket, JSON.stringify(bucket))
  }

  /** The deadline index of a bucket. */
  deadlines(bucket: string): NativeDatabase {
    const found = this.#deadlines.get(bucket)
    const name = () => `deadlines ${JSON.stringify(bucket)}`
    return found ?? this.#openDatabase(this.#deadlines, bucket, name())
  }

  /** What nextVersion() keeps. No bucket has this name: theirs begin with a quotation mark. */
  versions(): NativeDatabase {
    return this.#versions.get('') ?? this.#openDatabase(this.#versions, '', 'versions')
  }

  /** What the databases take that were opened here. */
  usedBytes(): number {
    let bytes = 0
    // A read begins the transaction in which the pages are counted.
    const [any] = this.#rows.values()
    any?.getBinary(ANY_KEY)
    for (const databases of [this.#rows, this.#deadlines, this.#versions]) {
      for (const { db } of databases.values()) {
        const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = db.stat()
        bytes += pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages)
      }
    }
    return bytes
  }

  /** Makes the next read see everything committed so far. */
  refresh(): void {
    if (this.#inTransaction) return
    const id = this.clock.read()
    if (id === this.#snapshotId) return
    this.root.resetReadTxn()
    this.#snapshotId = id
  }

  /**
   * Runs `fn` inside a write transaction, inside the gate, behind the guard. What `fn` throws comes
   * out unchanged; see native().
   */
  transaction<T>(synced: boolean, fn: () => T): T {
    // Whichever store began the running one: lmdb would let this one take part, and not roll it back.
    if (this.#inTransaction) throw new TransactionError('Transactions of a store do not nest.')
    const flags = synced ? SYNCHRONOUS : SYNCHRONOUS | NO_SYNC
    const value = this.#gate.within(() => {
      for (let repairs = 0; ; repairs++) {
        const result = this.#attempt(flags, repairs, fn)
        if (result !== RETRY) return result
      }
    })
    this.commits.look()
    return value
  }

  /** Throws StoreGoneError if the data file is no longer where it was opened. */
  assertPresent(): void {
    if (fileIdentity(this.directory.dataFile) === this.identity) return
    throw new StoreGoneError(this.directory.path)
  }

  /**
   * Throws StoreFullError unless there is room for a commit of so many rows and bytes. Must come first:
   * a write that finds the disk full makes lmdb 3.5.6 overrun a buffer of its own, which ends the
   * process sooner or later.
   */
  assertRoom(rows: number, bytes: number): void {
    const { bavail, bsize } = statfsSync(this.directory.generation)
    const spareBytes = bavail * bsize - LEAST_FREE_BYTES - bytes
    if (spareBytes >= rows * MOST_PAGE_BYTES_PER_ROW) return
    // No more pages can be written anew than there are.
    const { lastPageNumber } = this.root.env.info()
    if (spareBytes >= Math.min(rows * MOST_PAGE_BYTES_PER_ROW, lastPageNumber * PAGE_BYTES)) return
    throw new StoreFullError(
      `No space left for "${this.directory.path}" (${bavail * bsize} bytes are free). What was not written stays pending; free some space and flush() again.`,
    )
  }

  sync(): void {
    this.assertPresent()
    this.native(() => this.#gate.within(() => this.root.env.sync()))
  }

  /**
   * Runs native code, and throws its errors as ours. They are told by a numeric code, which callers'
   * errors have, too: so nothing else may run inside.
   */
  native<T>(call: () => T): T {
    try {
      return call()
    } catch (error) {
      throw asStoreError(error, this.directory.path)
    }
  }

  close(): void {
    this.commits.close()
    this.clock.close()
    // lmdb closes synchronously when no asynchronous write is under way, and we never start one.
    this.#gate.within(() => {
      void this.root.close()
      this.#owners.leave()
    })
    this.#gate.close()
  }

  #attempt<T>(flags: number, repairs: number, fn: () => T): T | typeof RETRY {
    this.#inTransaction = true
    this.#opening = []
    let isCallback = false
    try {
      return this.root.transactionSync(() => {
        if (!mayWrite(this.root.env, this.clock, repairs)) throw RETRY
        isCallback = true
        const result = fn()
        isCallback = false
        return result
      }, flags)
    } catch (error) {
      for (const { from, bucket } of this.#opening) from.delete(bucket)
      if (error === RETRY) return RETRY
      throw isCallback ? error : asStoreError(error, this.directory.path)
    } finally {
      this.#inTransaction = false
      this.#snapshotId = -1
    }
  }

  #openDatabase(into: Map<string, NativeDatabase>, bucket: string, name: string): NativeDatabase {
    const open = () => this.root.openDB(name, DATABASE_OPTIONS)
    const database = this.#gate.within(open)
    into.set(bucket, database)
    if (this.#inTransaction) this.#opening.push({ from: into, bucket })
    return database
  }
}

interface Opened {
  readonly root: NativeRoot
  readonly clock: ChangeClock
}

/** Runs inside the gate. */
function enterAndOpen(directory: StoreDirectory, options: EnvironmentOptions, gate: Gate) {
  checkFile(directory.dataFile)
  const owners = enter(directory)
  try {
    return { owners, opened: openData(directory, options, gate) }
  } catch (error) {
    owners.leave()
    throw error
  }
}

function enter(directory: StoreDirectory): Owners {
  try {
    return new Owners(directory)
  } catch (error) {
    if (error instanceof PersistDictError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new PathError(directory.ownersPath, explain(code, error), { cause: error })
  }
}

function openData(directory: StoreDirectory, options: EnvironmentOptions, gate: Gate): Opened {
  let failure: unknown
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    try {
      return attemptOpen(directory, options, gate)
    } catch (error) {
      failure = error
    }
  }
  throw asStoreError(failure, directory.path)
}

function attemptOpen(directory: StoreDirectory, options: EnvironmentOptions, gate: Gate): Opened {
  const root = loadNative().open(directory.generation, {
    noSubdir: false,
    mapSize: options.mapSizeBytes,
    maxReaders: options.maxReaders,
    maxDbs: MAX_DATABASES,
    overlappingSync: false,
    encoding: 'binary',
    keyEncoding: 'binary',
  })
  try {
    probe(root)
    return { root, clock: changeClock(root.env, gate, directory.lockFile, options.changeClock) }
  } catch (error) {
    void root.close()
    throw error
  }
}

/** One read and one empty write: an environment whose mutexes are broken fails here and not later. */
function probe(root: NativeRoot): void {
  root.getBinary(Buffer.of(1))
  root.resetReadTxn()
  root.transactionSync(() => {
    if (root.env.getWriteTxnId() === 0) throw new StoreError('LMDB could not begin a transaction.')
  }, SYNCHRONOUS)
  root.env.readerCheck()
}
