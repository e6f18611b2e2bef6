/** Output into a file that is there when all of it is. */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { inputError } from '../cli-error.js'
import type { Io } from '../io.js'
import { Report } from './report.js'

/**
 * All of it or nothing: a draft beside the file gets its name when it is complete and on disk. A link
 * stays, and so do the permissions of a file that is replaced. What is no file, such as a device or a
 * pipe, is written to as it is.
 */
export async function intoFile<T>(
  path: string,
  io: Pick<Io, 'signal'>,
  write: (out: Report) => Promise<T>,
): Promise<T> {
  const found = statSync(path, { throwIfNoEntry: false })
  const place = found === undefined ? path : realpathSync(path)
  const isReplaced = found === undefined || found.isFile()
  const written = isReplaced ? `${place}.draft` : place
  const file = opened(written, path)
  try {
    if (found !== undefined && isReplaced) fchmodSync(file, found.mode)
    const stdout = {
      write(text: string | Uint8Array) {
        writeFileSync(file, text)
        return true
      },
      once: () => {},
    }
    const result = await write(new Report({ stdout, signal: io.signal }, true))
    if (isReplaced) {
      fsyncSync(file)
      renameSync(written, place)
    }
    return result
  } catch (error) {
    if (isReplaced) rmSync(written, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

function opened(written: string, path: string): number {
  try {
    return openSync(written, 'w')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw inputError(`The file "${path}" cannot be written (${code}).`, { cause })
  }
}
