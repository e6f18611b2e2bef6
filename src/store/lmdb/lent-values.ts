/**
 * Values as lmdb lends them, as arrays like any other.
 *
 * lmdb returns one large buffer, and gives it the length of the value as a property of its own. Every
 * access by index to such an object is slow: reading a record through it took five times as long.
 */

/** Views up to this length are kept: making one takes as long as decoding a small record. */
const MOST_VIEWS = 4_096

/** Lmdb's buffer says that it is used again and again. */
type LmdbBuffer = Uint8Array & { readonly isGlobal?: boolean }

let memory: ArrayBufferLike | undefined
let room: Uint8Array = Buffer.alloc(0)
/** Of `room`, by length. */
let views: (Uint8Array | undefined)[] = []

/** The same bytes, still lent until the next read. */
export function plainView(lent: LmdbBuffer): Uint8Array {
  if (lent.isGlobal !== true) return lent
  if (lent.buffer !== memory) {
    memory = lent.buffer
    room = Buffer.from(memory, lent.byteOffset)
    views = []
  }
  const { length } = lent
  const view = views[length] ?? room.subarray(0, length)
  if (length < MOST_VIEWS) views[length] = view
  return view
}
