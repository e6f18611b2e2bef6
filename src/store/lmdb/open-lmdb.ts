/**
 * Shares LMDB environments out: one per directory and thread, whatever its path is spelled like.
 *
 * Opening one environment twice in a process breaks its locks (LMDB, "Caveats"); lmdb-js shares one
 * between threads.
 */
import { PathError } from '../../errors/open-errors.js'
import { refuseUnknown } from '../../errors/unknown-option.js'
import { checkBusyTimeout } from '../busy-timeout.js'
import { explain, fileIdentity } from '../local-directory.js'
import type { SyncStore } from '../sync-store.js'
import { type StoreDirectory, storeDirectory } from './directory.js'
import { Environment } from './environment.js'
import type { GenerationOptions } from './generation.js'
import { LmdbStore } from './lmdb-store.js'
import { Turns } from './turns.js'

/** Settings of the LMDB store. The first store of a directory in a process decides. */
export interface LmdbOptions {
  /**
   * Address space set aside for the data file, in bytes. It is no quota, and costs neither memory nor
   * disk until it is used. All processes may differ; the largest counts.
   * @default 2 ** 36 (64 GiB)
   */
  readonly mapSizeBytes?: number | undefined
  /**
   * How much the entries and their indexes may take, in bytes. A write that would take more is a
   * StoreFullError; reading and deleting go on. The file may be larger, by pages that are free to be
   * used again. Each process keeps to its own.
   * @default no limit but the disk
   */
  readonly maxSizeBytes?: number | undefined
  /**
   * How many threads of all processes may read at the same moment.
   * @default 1024
   */
  readonly maxReaders?: number | undefined
  /**
   * How long to wait while another process keeps the store locked, in milliseconds. After that, what was
   * asked for is a StoreBusyError, and nothing of it has happened.
   * @default 30,000
   */
  readonly busyTimeoutMs?: number | undefined
  /**
   * Open a directory on a network file system, where LMDB is safe only for a single host.
   * @default false
   */
  readonly allowNetworkFileSystem?: boolean | undefined
  /**
   * How changes by other processes are noticed: from shared memory, or by asking LMDB, which works
   * everywhere and is slower. Falls back to 'asked' by itself.
   * @default 'mapped'
   */
  readonly changeClock?: 'mapped' | 'asked' | undefined
}

const DEFAULTS: GenerationOptions = Object.freeze({
  mapSizeBytes: 2 ** 36,
  maxReaders: 1_024,
  changeClock: 'mapped',
})

const NAMES = [
  'mapSizeBytes',
  'maxSizeBytes',
  'maxReaders',
  'busyTimeoutMs',
  'allowNetworkFileSystem',
  'changeClock',
] as const

interface Shared {
  readonly environment: Environment
  users: number
}

/** By the identity of the gate. */
const open = new Map<string | undefined, Shared>()

/**
 * The LMDB store in a directory, which is made if need be.
 * Throws PathError, DamagedStoreError, StoreFullError, StoreBusyError, NativeModuleError or OptionError;
 * no data was changed then.
 */
export function lmdbStore(path: string, options: LmdbOptions = {}): SyncStore {
  refuseUnknown(options, NAMES, 'lmdbStore()')
  checkBusyTimeout(options.busyTimeoutMs)
  return storeIn(path, options, undefined)
}

/** The store that another thread of this process has open, and that takes turns with this one. */
export function openInTurns(
  path: string,
  turns: SharedArrayBuffer,
  busyTimeoutMs: number,
): SyncStore {
  return storeIn(path, { allowNetworkFileSystem: true, busyTimeoutMs }, new Turns(turns))
}

function storeIn(path: string, options: LmdbOptions, turns: Turns | undefined): SyncStore {
  const directory = storeDirectory(path, options.allowNetworkFileSystem ?? false)
  const shared = open.get(fileIdentity(directory.gateFile)) ?? {
    environment: environmentIn(directory, {
      mapSizeBytes: options.mapSizeBytes ?? DEFAULTS.mapSizeBytes,
      maxReaders: options.maxReaders ?? DEFAULTS.maxReaders,
      changeClock: options.changeClock ?? DEFAULTS.changeClock,
      maxSizeBytes: options.maxSizeBytes,
      busyTimeoutMs: options.busyTimeoutMs,
      turns,
    }),
    users: 0,
  }
  shared.users++
  const { identity } = shared.environment
  open.set(identity, shared)
  return new LmdbStore(shared.environment, (end) => {
    if (shared.users > 1) end()
    else shared.environment.close(end)
    shared.users--
    if (shared.users === 0) open.delete(identity)
  })
}

/** What the operating system refuses while the files are looked at is a matter of the path. */
function environmentIn(
  directory: StoreDirectory,
  options: ConstructorParameters<typeof Environment>[1],
): Environment {
  try {
    return new Environment(directory, options)
  } catch (cause) {
    const { syscall, code, path } = cause as NodeJS.ErrnoException
    if (syscall === undefined) throw cause
    throw new PathError(path ?? directory.path, explain(code, cause), { cause })
  }
}
