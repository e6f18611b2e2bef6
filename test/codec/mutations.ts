/** Bytes with something wrong with them: what damage, a bug or an attacker may leave on a disk. */
import type { Random } from '../random.js'

/** Bytes that mean something special to a length, a type or an end. */
const TELLING = [0, 1, 0x1f, 0x20, 0x7f, 0x80, 0x90, 0xc1, 0xc7, 0xdb, 0xdd, 0xdf, 0xfe, 0xff]
/** The longest run that one change inserts, repeats or removes. */
const MOST_BYTES = 40

/** A copy with one to three changes; `other` lends parts. */
export function mutated(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let result = Uint8Array.from(bytes)
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    result = random.pick(CHANGES)(random, result, other)
  }
  return result
}

/** Arbitrary bytes. */
export function noise(random: Random, longest: number): Uint8Array {
  return Uint8Array.from({ length: random.below(longest + 1) }, () =>
    random.below(3) === 0 ? random.pick(TELLING) : random.below(256),
  )
}

type Bytes = Uint8Array<ArrayBuffer>
type Change = (random: Random, bytes: Bytes, other: Uint8Array) => Bytes

const CHANGES: readonly Change[] = [
  /** A bit flips. */
  (random, bytes) => {
    const at = random.below(Math.max(1, bytes.length))
    const bit = 1 << random.below(8)
    return bytes.map((byte, here) => (here === at ? byte ^ bit : byte))
  },
  /** A byte becomes a telling one. */
  (random, bytes) => {
    const at = random.below(Math.max(1, bytes.length))
    const byte = random.pick(TELLING)
    return bytes.map((before, here) => (here === at ? byte : before))
  },
  /** A length becomes enormous. */
  (random, bytes) => {
    const at = random.below(bytes.length + 1)
    const length = random.pick([
      [0xff, 0xff, 0xff, 0xff],
      [0x01, 0xc9, 0xc3, 0x80],
      [0xff, 0xff, 0xff, 0x7f],
      [0x7f, 0xff],
    ])
    return spliced(bytes, at, length.length, Uint8Array.from(length))
  },
  /** The end is missing. */
  (random, bytes) => bytes.slice(0, random.below(bytes.length + 1)),
  /** There is more than there was. */
  (random, bytes) => spliced(bytes, bytes.length, 0, noise(random, MOST_BYTES)),
  /** Bytes come in between. */
  (random, bytes) => spliced(bytes, random.below(bytes.length + 1), 0, noise(random, MOST_BYTES)),
  /** Bytes are missing in between. */
  (random, bytes) =>
    spliced(bytes, random.below(bytes.length + 1), random.below(MOST_BYTES), new Uint8Array(0)),
  /** A part comes from something else. */
  (random, bytes, other) => {
    const start = random.below(other.length + 1)
    const part = other.subarray(start, start + random.below(MOST_BYTES))
    return spliced(bytes, random.below(bytes.length + 1), part.length, part)
  },
  /** A part is there twice. */
  (random, bytes) => {
    const start = random.below(bytes.length + 1)
    const part = bytes.subarray(start, start + random.below(MOST_BYTES))
    return spliced(bytes, start, 0, part)
  },
]

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Bytes {
  const result = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)])
  return Uint8Array.from(result)
}
