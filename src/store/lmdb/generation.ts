/**
 * The data of a store in one of its generations: an LMDB environment with its databases and its clock.
 *
 *     "bucket"             the rows of a bucket, by its name as JSON
 *     deadlines "bucket"   its deadlines
 *     versions             'state' → see store-state.ts
 *     journal              what has changed since a copy began, see journal.ts
 *
 * JSON escapes NUL, at which LMDB would cut a name off, and lone surrogates, which it would merge. The
 * name of a bucket begins with a quotation mark, so that no other name is in its way.
 *
 * It is opened and closed inside the gate.
 */
import { DamagedStoreError } from '../../errors/open-errors.js'
import { StoreError } from '../../errors/store-errors.js'
import { fileIdentity } from '../local-directory.js'
import { type ChangeClock, changeClock } from './change-clock.js'
import type { GenerationPlace } from './directory.js'
import type { Gate } from './gate.js'
import { asStoreError, isReadersFull } from './lmdb-errors.js'
import {
  DATABASE_OPTIONS,
  lendKeys,
  loadNative,
  type NativeDatabase,
  type NativeRoot,
} from './native.js'
import { checkFile } from './open-gate.js'
import { decodeState, encodeState, type StoreState } from './store-state.js'

export interface GenerationOptions {
  /** Address space set aside for the file, in bytes. It costs no memory and no disk. */
  readonly mapSizeBytes: number
  /** How many threads of all processes may read at once. */
  readonly maxReaders: number
  readonly changeClock: ChangeClock['kind']
}

/** Named databases that one environment may have. */
const MAX_DATABASES = 128

/** Simultaneous last close and open can leave LMDB's mutexes broken; closing and trying again heals. */
const OPEN_ATTEMPTS = 20

/** Commit on this thread. */
const SYNCHRONOUS = 2

/** Databases that are no buckets. */
export const VERSIONS = 'versions'
export const JOURNAL = 'journal'

const STATE_KEY = Buffer.from('state')

export class Generation {
  readonly place: GenerationPlace
  readonly root: NativeRoot
  readonly clock: ChangeClock
  /** That of the data file. */
  readonly identity: string | undefined
  /** What its changes are counted from. */
  readonly changesBefore: number
  readonly #gate: Gate
  readonly #rows = new Map<string, NativeDatabase>()
  readonly #deadlines = new Map<string, NativeDatabase>()
  /** Of the others, by name. */
  readonly #named = new Map<string, NativeDatabase>()
  /** Databases first opened in the running transaction: gone again if it rolls back. */
  readonly #opening: { readonly from: Map<string, NativeDatabase>; readonly key: string }[] = []
  #isOpening = false
  /** Snapshots that read from it still. */
  #holders = 0
  #isRetired = false

  /** Throws DamagedStoreError, PathError, StoreError or StoreFullError. */
  constructor(place: GenerationPlace, options: GenerationOptions, gate: Gate) {
    this.place = place
    this.#gate = gate
    checkFile(place.dataFile)
    this.root = openRoot(place, options)
    this.clock = changeClock(this.root.env, gate, place.lockFile, options.changeClock)
    this.identity = fileIdentity(place.dataFile)
    try {
      this.changesBefore = this.state().changesBefore
    } catch (error) {
      this.retire()
      throw error
    }
  }

  /** The records of a bucket. It lends the keys of a range, each until the next. */
  rows(bucket: string): NativeDatabase {
    const found = this.#rows.get(bucket)
    return found ?? lendKeys(this.#open(this.#rows, bucket, rowsName(bucket)))
  }

  /** The deadline index of a bucket. It lends keys, too. */
  deadlines(bucket: string): NativeDatabase {
    const found = this.#deadlines.get(bucket)
    return found ?? lendKeys(this.#open(this.#deadlines, bucket, deadlinesName(bucket)))
  }

  /** Any database by its full name. */
  named(name: string): NativeDatabase {
    return this.#named.get(name) ?? this.#open(this.#named, name, name)
  }

  /** What the databases take that were opened here. */
  usedBytes(): number {
    let bytes = 0
    // A read begins the transaction in which the pages are counted.
    this.named(VERSIONS).getBinary(STATE_KEY)
    for (const databases of [this.#rows, this.#deadlines, this.#named]) {
      for (const { db } of databases.values()) {
        const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = db.stat()
        bytes += pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages)
      }
    }
    return bytes
  }

  /** As of the running transaction, or the snapshot. */
  state(): StoreState {
    const state = decodeState(this.named(VERSIONS).getBinaryFast(STATE_KEY))
    if (state !== undefined) return state
    throw new DamagedStoreError(this.place.dataFile, 'its own state is damaged')
  }

  /** Inside a write transaction. */
  putState(state: StoreState): void {
    this.named(VERSIONS).put(STATE_KEY, encodeState(state))
  }

  /** From now on, what is opened is undone if the transaction is. */
  beginTransaction(): void {
    this.#isOpening = true
  }

  endTransaction(isCommitted: boolean): void {
    this.#isOpening = false
    if (!isCommitted) for (const { from, key } of this.#opening) from.delete(key)
    this.#opening.length = 0
  }

  /** Keeps it open, though retired, until it is released as often. */
  hold(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    if (this.#isRetired && this.#holders === 0) this.#gate.within(() => void this.root.close())
  }

  /** Closes it, as soon as nobody holds it. Nothing else may be asked of it. */
  retire(): void {
    this.#isRetired = true
    // Touching the mapping after the environment has closed would be fatal.
    this.clock.close()
    // lmdb closes synchronously when no asynchronous write is under way, and we never start one.
    if (this.#holders === 0) this.#gate.within(() => void this.root.close())
  }

  #open(into: Map<string, NativeDatabase>, key: string, name: string): NativeDatabase {
    // Opening ends the current read transaction, whoever uses it. After a reset, a snapshot's is not it.
    this.root.resetReadTxn()
    const database = this.#gate.within(() => this.root.openDB(name, DATABASE_OPTIONS))
    into.set(key, database)
    if (this.#isOpening) this.#opening.push({ from: into, key })
    return database
  }
}

export function rowsName(bucket: string): string {
  return JSON.stringify(bucket)
}

export function deadlinesName(bucket: string): string {
  return `deadlines ${JSON.stringify(bucket)}`
}

/** An environment for this thread. If others may use it, then inside the gate. */
export function openRoot(
  place: GenerationPlace,
  options: Omit<GenerationOptions, 'changeClock'>,
): NativeRoot {
  let failure: unknown
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
    try {
      return attemptOpen(place, options)
    } catch (error) {
      failure = error
      if (isReadersFull(error)) break
    }
  }
  throw asStoreError(failure, place.path)
}

function attemptOpen(
  place: GenerationPlace,
  options: Omit<GenerationOptions, 'changeClock'>,
): NativeRoot {
  const root = loadNative().open(place.path, {
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
    return root
  } catch (error) {
    void root.close()
    throw error
  }
}

/** One read and one empty write: an environment whose mutexes are broken fails here and not later. */
function probe(root: NativeRoot): void {
  // First: the dead may have left no slot for the read.
  root.env.readerCheck()
  root.getBinary(Buffer.of(1))
  root.resetReadTxn()
  root.transactionSync(() => {
    if (root.env.getWriteTxnId() === 0) throw new StoreError('LMDB could not begin a transaction.')
  }, SYNCHRONOUS)
}
