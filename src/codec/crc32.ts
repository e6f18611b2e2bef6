/**
 * CRC-32 as in zlib and Ethernet (ISO 3309; reflected polynomial 0xEDB88320).
 *
 * Small inputs are summed here, four bytes a step ("slicing", Kounavis and Berry, 2005): crossing into
 * native code takes longer than summing 100 bytes does. Large ones go to zlib.
 */
import { crc32 as zlibCrc32 } from 'node:zlib'

/** From about this length on, zlib is faster. */
const NATIVE_FROM_BYTES = 192

const TABLES = makeTables()
const [T0, T1, T2, T3] = TABLES

/** The checksum of `bytes` from `start` to `end`, continuing from that of what came before (0 at first). */
export function crc32(bytes: Uint8Array, start: number, end: number, before: number): number {
  if (end - start >= NATIVE_FROM_BYTES) return zlibCrc32(bytes.subarray(start, end), before)
  let crc = ~before
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    crc =
      (T3[crc & 0xff] as number) ^
      (T2[(crc >>> 8) & 0xff] as number) ^
      (T1[(crc >>> 16) & 0xff] as number) ^
      (T0[crc >>> 24] as number)
  }
  for (; at < end; at++) crc = (T0[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array]

/** Table k holds the checksum of each byte followed by k zero bytes. */
function makeTables(): Tables {
  const tables: Tables = [table(), table(), table(), table()]
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    tables[0][byte] = crc
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let k = 1; k < tables.length; k++) {
      const crc = tables[k - 1]?.[byte] as number
      const target = tables[k] as Int32Array
      target[byte] = (tables[0][crc & 0xff] as number) ^ (crc >>> 8)
    }
  }
  return tables
}

function table(): Int32Array {
  return new Int32Array(256)
}
