/** A directory on a local disk: made, checked, and recognised however its path is spelled. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PathError } from '../errors/open-errors.js'
import { StoreFullError } from '../errors/store-errors.js'

/** Magic numbers of statfs(2) for file systems on which locks and mapped files are not safe. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x47504653, 'GPFS'],
  [0x0bd00bd0, 'Lustre'],
])

/**
 * The real path, without links, of a directory that several processes can share. Makes it if need be.
 * Throws PathError or StoreFullError, having changed nothing else.
 */
export function localDirectory(
  path: string,
  allowNetworkFileSystem: boolean,
  leastFreeBytes: number,
): string {
  const asked = resolve(path)
  makeDirectory(asked)
  const real = realpathSync(asked)
  checkAccess(real)
  checkFileSystem(real, allowNetworkFileSystem, leastFreeBytes)
  return real
}

/** Files that tell what keeps its entries in a directory: LMDB its generations, files a log. */
const MARKS = { lmdb: /^(g\d+|CURRENT)$/, file: /^log\.\d+$/ } as const
const OPENERS = { lmdb: 'open(path)', file: 'open(fileStore(path))' } as const

export type DirectoryKind = keyof typeof MARKS

/** What keeps its entries in a directory: nothing, one kind of store, or by mistake both. */
export function kindsIn(directory: string): DirectoryKind[] {
  const names = readdirSync(directory)
  return (['lmdb', 'file'] as const).filter((kind) => names.some((name) => MARKS[kind].test(name)))
}

/** Throws PathError for a directory that a store of the other kind has: it would look empty. */
export function refuseOtherKind(directory: string, own: DirectoryKind): void {
  // Both have a gate: without it, a file's name is a coincidence.
  if (!existsSync(join(directory, 'gate.mdb'))) return
  const [other, another] = kindsIn(directory)
  if (other === undefined || other === own || another !== undefined) return
  throw new PathError(
    directory,
    `it holds a store of another kind, which ${OPENERS[other]} opens. Open that, or give another directory.`,
  )
}

/**
 * Device and inode of a file: the same however its path is spelled. Undefined if there is none. While
 * anybody has the file open, no other gets its inode, even after it was removed.
 */
export function fileIdentity(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

/** Makes a directory, and those above it. Throws PathError or StoreFullError. */
export function makeDirectory(path: string): void {
  try {
    makeWithAbove(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC') throw new StoreFullError(`No space left to make "${path}".`, { cause })
    // Also what Node says of a file system that is read-only.
    if (code === 'ENOENT') checkAccess(existingAbove(path))
    throw new PathError(path, explain(code, cause), { cause })
  }
}

/** Node's own `recursive` never ends where a directory that is there takes none, as /proc does. */
function makeWithAbove(path: string): void {
  const above = dirname(path)
  if (above !== path && !existsSync(above)) makeWithAbove(above)
  try {
    mkdirSync(path)
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

function existingAbove(path: string): string {
  const above = dirname(path)
  return existsSync(above) ? above : existingAbove(above)
}

/** Throws PathError unless this user may read, write and enter a directory. */
export function checkAccess(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new PathError(path, explain((cause as NodeJS.ErrnoException).code, cause), { cause })
  }
}

function checkFileSystem(
  path: string,
  allowNetworkFileSystem: boolean,
  leastFreeBytes: number,
): void {
  const { type, bavail, bsize } = statfsSync(path)
  const network = NETWORK_FILE_SYSTEMS.get(type)
  if (network !== undefined && !allowNetworkFileSystem) {
    throw new PathError(
      path,
      `it is on a network file system (${network}), where several processes cannot share a dict safely. Use a local disk; or set allowNetworkFileSystem if only one host ever opens it.`,
    )
  }
  if (bavail * bsize < leastFreeBytes) {
    throw new StoreFullError(
      `"${path}" has ${bavail * bsize} bytes of free space left, and opening a dict needs ${leastFreeBytes}.`,
    )
  }
}

/** What is wrong, and what to do, where an operation on a path failed. */
export function explain(code: string | undefined, cause: unknown): string {
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'there is a file in the way. Give the path of a directory.'
    case 'EACCES':
    case 'EPERM':
      return 'this user may not read and write there. Change its permissions, or choose another path.'
    case 'EROFS':
      return 'its file system is read-only.'
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open. Close some, or raise the limit (ulimit -n).'
    default:
      return (cause as Error).message
  }
}
