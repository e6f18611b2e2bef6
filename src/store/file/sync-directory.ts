import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Puts the names in a directory on disk. Windows cannot, and need not. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
