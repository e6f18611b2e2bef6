/**
 * What would make LMDB's open fail, found out before.
 *
 * An open that fails half-way inside lmdb 3.5.6 frees its environment twice, which ends the process
 * (SIGSEGV). Out here the same faults are errors.
 */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { PathError } from '../../errors/open-errors.js'
import { explain } from '../local-directory.js'

/** LMDB keeps two descriptors for the gate and three for the data, and opens some for a moment. */
const DESCRIPTORS = 10

/** Throws PathError unless the files can be opened, as far as that can be known. */
export function assertOpenable(directory: string, files: readonly string[]): void {
  // Never opened here: closing any descriptor of a lock file drops all of the process's locks.
  for (const file of files) assertFile(file)
  assertDescriptors(directory)
}

function assertFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isFile()) throw new PathError(file, 'it must be a file and is something else.')
  try {
    accessSync(file, constants.R_OK | constants.W_OK)
  } catch (cause) {
    throw new PathError(file, explain((cause as NodeJS.ErrnoException).code, cause), { cause })
  }
}

function assertDescriptors(path: string): void {
  const taken: number[] = []
  try {
    while (taken.length < DESCRIPTORS) taken.push(openSync(path, constants.O_RDONLY))
  } catch (cause) {
    throw new PathError(path, explain((cause as NodeJS.ErrnoException).code, cause), { cause })
  } finally {
    for (const descriptor of taken) closeSync(descriptor)
  }
}
