/** What can go wrong while a dict is opened, or because it no longer is. */
import { PersistDictError } from './persist-dict-error.js'

/** The path cannot hold a dict: it is a file, or may not be read or written. */
export class PathError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_PATH'
  /** The file or directory that is at fault. */
  readonly path: string

  constructor(path: string, what: string, options?: ErrorOptions) {
    super(`Cannot open a dict at "${path}": ${what}`, options)
    this.path = path
  }
}

/** A data file is truncated, damaged or not ours. Nothing was changed on disk. */
export class DamagedStoreError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_DAMAGED_STORE'
  /** The data file that cannot be used. */
  readonly path: string

  constructor(path: string, what: string, options?: ErrorOptions) {
    super(
      `The data file "${path}" cannot be used: ${what}. Nothing was changed. Restore a backup, or move the file away to start empty.`,
      options,
    )
    this.path = path
  }
}

/** A process with the same pid, in another container, has the store open. */
export class PidCollisionError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_PID_COLLISION'
  /** The directory that both processes have open. */
  readonly path: string
  /** The number that both processes have. */
  readonly pid: number

  constructor(path: string, pid: number, record: string) {
    super(
      `Another process with the number ${pid}, in another container, has "${path}" open (see "${record}"). ` +
        'LMDB cannot tell the two apart. Let the containers share one pid namespace (docker run --pid), or give them different pids.',
    )
    this.path = path
    this.pid = pid
  }
}

/** The store was written with other settings than the ones asked for. Nothing was changed on disk. */
export class FormatMismatchError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_FORMAT_MISMATCH'
  /** The name of the option that differs. */
  readonly setting: string
  /** What the store was written with. */
  readonly stored: unknown
  /** What it was opened with. */
  readonly asked: unknown

  constructor(setting: string, stored: unknown, asked: unknown) {
    super(
      `This store was written with ${setting} ${JSON.stringify(stored)}, and was opened with ${setting} ${JSON.stringify(asked)}. ` +
        `Nothing was changed. Open it with ${JSON.stringify(stored)}, or copy it into a new dict (docs/FORMAT.md, "Changing the settings of a store").`,
    )
    this.setting = setting
    this.stored = stored
    this.asked = asked
  }
}

/** The same directory is open in this process already, with other settings. */
export class OpenConflictError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_OPEN_CONFLICT'
  /** The name of the option that differs. */
  readonly setting: string

  constructor(path: string, setting: string, first: unknown, second: unknown) {
    super(
      `"${path}" is open in this process with ${setting} ${String(first)}; it cannot be opened again with ${setting} ${String(second)}. ` +
        'Use the same value, or close the other dict first.',
    )
    this.setting = setting
  }
}

/** The dict, or its store, was used after close(). */
export class ClosedError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_CLOSED'

  constructor(what = 'This dict') {
    super(`${what} is closed. Open it again to use it.`)
  }
}

/** The native module of the LMDB store could not be loaded. */
export class NativeModuleError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_NATIVE_MODULE'

  constructor(moduleName: string, options?: ErrorOptions) {
    super(
      `The native module "${moduleName}" could not be loaded on ${process.platform}-${process.arch}. ` +
        'Reinstall with optional dependencies allowed (npm install --include=optional), or use a store without it: sqliteStore() of persistdict/sqlite.',
      options,
    )
  }
}

/** A package that is installed only by those who need it is missing, or does not fit this Node. */
export class MissingPackageError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_MISSING_PACKAGE'
  /** The name of the missing package. */
  readonly packageName: string

  /** `remedy` completes the sentence: what to do, in the imperative. */
  constructor(packageName: string, remedy: string, options?: ErrorOptions) {
    super(
      `The package "${packageName}" is needed for this and could not be loaded: ${remedy}.`,
      options,
    )
    this.packageName = packageName
  }
}
