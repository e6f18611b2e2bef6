/** Byte-level vocabulary: comparing byte strings, and the unsigned integers that records use. */

/** Largest value of an unsigned 48-bit field: milliseconds until the year 10889. */
export const MAX_UINT48 = 2 ** 48 - 1

/** Orders two byte strings as LMDB does: byte by byte, the shorter one first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** A string that stands for bytes, with a character for each: for Maps. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** A copy of bytes that are lent, whose array may be longer than their `length` says. */
export function ownedBytes(lent: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(lent, 0, lent.length)
}

/** Whether two byte strings are the same. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/**
 * The least byte string that is greater than every string starting with `prefix`.
 * Undefined when there is none (the prefix is empty or all 0xFF).
 */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  for (let end = prefix.length; end > 0; end--) {
    const last = prefix[end - 1] as number
    if (last === 0xff) continue
    const next = Uint8Array.prototype.slice.call(prefix, 0, end)
    next[end - 1] = last + 1
    return next
  }
  return undefined
}

/** Bytes that `writeVarint` takes for `value`, a non-negative safe integer. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  return length
}

/** Writes a non-negative safe integer in LEB128 (DWARF 5, section 7.6); returns the next offset. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let rest = value
  let at = offset
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  target[at++] = rest
  return at
}

/** A little-endian number of 32 bits; zeros past the end. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) |
      ((bytes[offset + 1] as number) << 8) |
      ((bytes[offset + 2] as number) << 16) |
      ((bytes[offset + 3] as number) << 24)) >>>
    0
  )
}

export function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value
  target[offset + 1] = value >>> 8
  target[offset + 2] = value >>> 16
  target[offset + 3] = value >>> 24
}

/** A safe integer needs at most eight groups of seven bits; anything longer is damage. */
const MAX_VARINT_BYTES = 8

/** A cursor over bytes that never reads past their end. */
export class ByteReader {
  readonly bytes: Uint8Array
  offset: number

  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes
    this.offset = offset
  }

  /** Throws RangeError past the end. */
  uint8(): number {
    const byte = this.bytes[this.offset++]
    if (byte === undefined) throw new RangeError('ends too early')
    return byte
  }

  /** Throws RangeError past the end. */
  uint48(): number {
    const { bytes, offset } = this
    if (offset + 6 > bytes.length) throw new RangeError('ends too early')
    this.offset = offset + 6
    const low =
      ((bytes[offset] as number) |
        ((bytes[offset + 1] as number) << 8) |
        ((bytes[offset + 2] as number) << 16) |
        ((bytes[offset + 3] as number) << 24)) >>>
      0
    return low + ((bytes[offset + 4] as number) | ((bytes[offset + 5] as number) << 8)) * 2 ** 32
  }

  /** Throws RangeError past the end, or when the number is longer than any we write. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let read = 0; read < MAX_VARINT_BYTES; read++) {
      const byte = this.uint8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
    throw new RangeError('has an over-long number')
  }

  /** The next `length` bytes, not copied. Throws RangeError past the end. */
  take(length: number): Uint8Array {
    const end = this.offset + length
    if (end > this.bytes.length) throw new RangeError('ends too early')
    // With both bounds: of bytes that are lent, the array may be longer than its `length` says.
    const part = this.bytes.subarray(this.offset, end)
    this.offset = end
    return part
  }
}

/** Writes an unsigned 48-bit integer, least significant byte first; returns the next offset. */
export function writeUint48(target: Uint8Array, offset: number, value: number): number {
  const high = Math.floor(value / 2 ** 32)
  const low = value >>> 0
  target[offset] = low
  target[offset + 1] = low >>> 8
  target[offset + 2] = low >>> 16
  target[offset + 3] = low >>> 24
  target[offset + 4] = high
  target[offset + 5] = high >>> 8
  return offset + 6
}
