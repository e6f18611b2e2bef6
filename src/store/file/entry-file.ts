/**
 * One file an entry: its record, and nothing else.
 *
 *     rows/3f/9a…(62 hexadecimal digits).k7     SHA-256 of bucket and key, and the commit in base 36
 *
 * A name is never used again for other bytes: a file that is there is whole, once the log names it.
 * Names are digests, so that a key may hold anything and reach nowhere.
 */
import { hash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Names of buckets as names of files begin with them; there are few. */
const begun = new Map<string, Uint8Array>()

function beginning(bucket: string): Uint8Array {
  let bytes = begun.get(bucket)
  if (bytes === undefined) {
    // JSON has no line feed: no other bucket and key make these bytes.
    bytes = Buffer.from(`${JSON.stringify(bucket)}\n`, 'utf8')
    begun.set(bucket, bytes)
  }
  return bytes
}

/** Where, below the directory of the store, a commit puts the record of a key. */
export function entryPath(bucket: string, key: Uint8Array, commit: number): string {
  const start = beginning(bucket)
  const name = Buffer.allocUnsafe(start.length + key.length)
  name.set(start)
  name.set(key, start.length)
  const digest = hash('sha256', name, 'hex')
  return `rows/${digest.slice(0, 2)}/${digest.slice(2)}.${commit.toString(36)}`
}

/** The record, as much of it as there is; undefined if there is no file. */
export function readEntry(file: string, length: number): Uint8Array | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const bytes = Buffer.allocUnsafeSlow(length)
    let done = 0
    while (done < length) {
      const found = readSync(descriptor, bytes, done, length - done, done)
      if (found === 0) break
      done += found
    }
    return bytes.subarray(0, done)
  } finally {
    closeSync(descriptor)
  }
}

export function writeEntry(file: string, record: Uint8Array, isSynced: boolean): void {
  const descriptor = openForWriting(file)
  try {
    for (let done = 0; done < record.length; ) done += writeSync(descriptor, record, done)
    if (isSynced) fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Puts an entry that was written without that on disk. It may have gone meanwhile. */
export function syncEntry(file: string): void {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export function removeEntry(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function openForWriting(file: string): number {
  try {
    return openSync(file, 'w')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(file), { recursive: true })
    return openSync(file, 'w')
  }
}

/** The directories above these entries, up to the one of the store. */
export function directoriesOf(directory: string, paths: Iterable<string>): Set<string> {
  const found = new Set<string>()
  for (const path of paths) found.add(join(directory, dirname(path)))
  if (found.size > 0) found.add(join(directory, 'rows'))
  return found
}
