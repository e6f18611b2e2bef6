/**
 * Strings as bytes, losslessly: WTF-8 (https://simonsapin.github.io/wtf-8/).
 *
 * Well-formed strings are plain UTF-8. A lone surrogate becomes the three bytes that UTF-8 forbids
 * (0xED 0xA0..0xBF x), so that every JavaScript string has bytes of its own. Byte order is code-point
 * order. No byte is ever 0xF8 or more, which the layout of storage keys relies on.
 */

const SURROGATE_LEAD = 0xed
const REPLACEMENT = '\ufffd'

/** The bytes of any string. */
export function encodeWtf8(text: string): Uint8Array {
  return text.isWellFormed() ? Buffer.from(text, 'utf8') : encodeIllFormed(text)
}

/** The string of bytes made by `encodeWtf8`, from `start` on. Throws RangeError for bytes that it never makes. */
export function decodeWtf8(bytes: Uint8Array, start = 0): string {
  const text = asBuffer(bytes).toString('utf8', start)
  // Only a decoder that met something strange puts in a replacement character; keys rarely hold one.
  return text.includes(REPLACEMENT) ? decodeStrange(bytes.subarray(start), text) : text
}

function encodeIllFormed(text: string): Uint8Array {
  const parts: Uint8Array[] = []
  for (const point of text) {
    const code = point.codePointAt(0) as number
    const lone = code >= 0xd800 && code <= 0xdfff
    parts.push(
      lone
        ? Uint8Array.of(SURROGATE_LEAD, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
        : Buffer.from(point, 'utf8'),
    )
  }
  return Buffer.concat(parts)
}

function decodeStrange(bytes: Uint8Array, asUtf8: string): string {
  let text = ''
  let start = 0
  for (let at = 0; at + 2 < bytes.length; at++) {
    const second = bytes[at + 1] as number
    if (bytes[at] !== SURROGATE_LEAD || second < 0xa0) continue
    text += asBuffer(bytes).toString('utf8', start, at)
    text += String.fromCharCode(
      0xd000 | ((second & 0x3f) << 6) | ((bytes[at + 2] as number) & 0x3f),
    )
    start = at + 3
    at += 2
  }
  text = start === 0 ? asUtf8 : text + asBuffer(bytes).toString('utf8', start)
  // The way back tells a key that really holds U+FFFD from bytes that are no WTF-8 at all.
  if (Buffer.compare(encodeWtf8(text), bytes) !== 0) throw new RangeError('is not WTF-8')
  return text
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
