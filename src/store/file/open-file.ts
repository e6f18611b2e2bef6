/** Shares trees of files out: one per directory and thread, whatever its path is spelled like. */
import { OptionError } from '../../errors/option-error.js'
import { refuseUnknown } from '../../errors/unknown-option.js'
import { checkBusyTimeout } from '../busy-timeout.js'
import { fileIdentity, localDirectory, refuseOtherKind } from '../local-directory.js'
import type { SyncStore } from '../sync-store.js'
import { FileStore } from './file-store.js'
import { FileTree } from './file-tree.js'

/** Settings of the file store. */
export interface FileOptions {
  /**
   * How long to wait while another process keeps the store locked, in milliseconds. After that, what was
   * asked for is a StoreBusyError, and nothing of it has happened.
   * @default 30,000
   */
  readonly busyTimeoutMs?: number | undefined
  /**
   * Open a directory on a network file system, where the store is safe only for a single host.
   * @default false
   */
  readonly allowNetworkFileSystem?: boolean | undefined
}

const NAMES = ['busyTimeoutMs', 'allowNetworkFileSystem'] as const

/** The gate and the log take some pages. */
const LEAST_FREE_BYTES = 1 << 20

interface Shared {
  readonly tree: FileTree
  users: number
}

/** By the identity of the directory. */
const open = new Map<string | undefined, Shared>()

/**
 * The file store in the directory `path`, which is made if need be: one file an entry.
 * Throws OptionError, PathError, DamagedStoreError, StoreFullError, StoreBusyError, StoreError or NativeModuleError;
 * no data was changed then.
 */
export function fileStore(path: string, options: FileOptions = {}): SyncStore {
  refuseUnknown(options, NAMES, 'fileStore()')
  if (typeof path !== 'string' || path === '') {
    throw new OptionError('path', 'fileStore() takes the path of a directory.')
  }
  checkBusyTimeout(options.busyTimeoutMs)
  const allowsNetwork = options.allowNetworkFileSystem ?? false
  const directory = localDirectory(path, allowsNetwork, LEAST_FREE_BYTES)
  refuseOtherKind(directory, 'file')
  const identity = fileIdentity(directory)
  const shared = open.get(identity) ?? {
    tree: new FileTree(directory, options.busyTimeoutMs),
    users: 0,
  }
  shared.users++
  open.set(identity, shared)
  return new FileStore(shared.tree, () => {
    if (--shared.users > 0) return
    open.delete(identity)
    shared.tree.close()
  })
}
