/**
 * Sorting keys, quickly: by a number made of the first characters in which they differ, which native
 * code sorts without looking at a string; and by the strings only where the numbers are equal.
 */

/** Fewer are sorted faster as they are. */
const FEW = 64

/** A character takes so many values in a number: 0 for none, the last for all that are no ASCII. */
const CHARACTERS = 128

/** The positions of the keys in ascending order of the keys, by UTF-16 code units, as sort() does. */
export function keyOrder(keys: readonly string[]): Iterable<number> {
  if (keys.length > FEW) return orderOfHeads(keys)
  const positions = keys.map((_, at) => at)
  return sortedByKey(positions, keys)
}

function orderOfHeads(keys: readonly string[]): Float64Array {
  const places = 2 ** Math.ceil(Math.log2(keys.length))
  const headChars = Math.floor(Math.log2(Number.MAX_SAFE_INTEGER / places) / Math.log2(CHARACTERS))
  const start = commonLength(keys)
  // Head and position in one number: sorting needs no function then.
  const sorted = new Float64Array(keys.length)
  for (let at = 0; at < keys.length; at++) {
    sorted[at] = headOf(keys[at] as string, start, headChars) * places + at
  }
  sorted.sort()
  for (let from = 0; from < sorted.length; ) {
    const head = Math.floor((sorted[from] as number) / places)
    let to = from
    for (; to < sorted.length && (sorted[to] as number) < (head + 1) * places; to++) {
      sorted[to] = (sorted[to] as number) % places
    }
    if (to - from > 1) sorted.set(sortedByKey([...sorted.subarray(from, to)], keys), from)
    from = to
  }
  return sorted
}

/** Keys with different heads are in the order of their heads. */
function headOf(key: string, start: number, chars: number): number {
  let head = 0
  let hasEnded = false
  for (let at = start; at < start + chars; at++) {
    const code = key.charCodeAt(at)
    head *= CHARACTERS
    // After a character that shares its value with others, those that follow tell nothing.
    if (hasEnded || Number.isNaN(code)) continue
    hasEnded = code >= CHARACTERS - 2
    head += Math.min(code + 1, CHARACTERS - 1)
  }
  return head
}

/** How many characters all of them begin with. */
function commonLength(keys: readonly string[]): number {
  const first = keys[0] as string
  let common = first.length
  for (const key of keys) {
    let at = 0
    while (at < common && key.charCodeAt(at) === first.charCodeAt(at)) at++
    common = at
  }
  return common
}

function sortedByKey(positions: number[], keys: readonly string[]): number[] {
  return positions.sort((a, b) => {
    const [one, other] = [keys[a] as string, keys[b] as string]
    return one < other ? -1 : one > other ? 1 : 0
  })
}
