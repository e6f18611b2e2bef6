/** Opening the gate of a directory: everything that could fail inside LMDB is found out before. */
import { dirname } from 'node:path'
import { DamagedStoreError, PathError } from '../../errors/open-errors.js'
import { checkDataFile } from './file-check.js'
import { Gate, type GateOptions } from './gate.js'
import { asStoreError } from './lmdb-errors.js'
import { assertOpenable } from './preflight.js'

/** Opens the gate in `file`, made if need be. Throws PathError, DamagedStoreError or StoreError. */
export function openGate(file: string, options: GateOptions): Gate {
  assertOpenable(dirname(file), [file, `${file}-lock`])
  checkFile(file)
  try {
    return new Gate(file, options)
  } catch (error) {
    throw asStoreError(error, file)
  }
}

/** Throws DamagedStoreError or PathError unless LMDB can map the file. */
export function checkFile(file: string): void {
  try {
    checkDataFile(file)
  } catch (error) {
    if (error instanceof DamagedStoreError) throw error
    throw new PathError(file, (error as Error).message, { cause: error })
  }
}
