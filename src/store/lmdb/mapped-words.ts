/**
 * The memory that LMDB shares among processes: its lock file, as the kernel has mapped it here.
 *
 * The view must not be touched once the environment has closed: that ends the process.
 */
import { readFileSync } from 'node:fs'
import { loadNative } from './native.js'

/** What a lock file begins with. */
export const LOCK_MAGIC = 0xbeefc0de

/** The first `bytes` of a file that is mapped; undefined where that cannot be found out. */
export function mappedWords(file: string, bytes: number): Uint32Array | undefined {
  const address = mappingAddress(file)
  if (address === undefined) return undefined
  const buffer = loadNative().nativeAddon.createBufferForAddress(address, bytes)
  return new Uint32Array(buffer.buffer, buffer.byteOffset, bytes / 4)
}

/** Where the kernel has mapped the file. Its path may hold spaces; the kernel writes it last. */
function mappingAddress(file: string): number | undefined {
  let maps: string
  try {
    maps = readFileSync('/proc/self/maps', 'utf8')
  } catch {
    // Not Linux: callers do without.
    return undefined
  }
  const line = maps.split('\n').find((text) => text.endsWith(` ${file}`))
  return line === undefined ? undefined : Number.parseInt(line, 16)
}
