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

/** The one that `room` is the memory of. Asking a buffer for its memory takes longer than knowing it. */
let known: LmdbBuffer | undefined
let room: Uint8Array = Buffer.alloc(0)
/** Of `room`, by length. */
let views: (Uint8Array | undefined)[] = []

/** The same bytes, still lent until the next read. */
export function plainView(lent: LmdbBuffer): Uint8Array {
  if (lent !== known) {
    if (lent.isGlobal !== true) return lent
    known = lent
    room = Buffer.from(lent.buffer, lent.byteOffset)
    views = []
  }
  const { length } = lent
  const view = views[length] ?? room.subarray(0, length)
  if (length < MOST_VIEWS) views[length] = view
  return view
}
