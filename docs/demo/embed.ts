/**
 * A text as a vector: a local embedder without a model, and the same on every machine.
 *
 *   words, pairs of words, groups of letters -> counted -> weighted -> projected -> length 1
 *
 * Every distinct feature is a direction of its own in 384 dimensions, made of the random signs that a
 * hash of its name gives, and a text is the weighted sum of its features' directions. Directions of
 * different features are nearly orthogonal (Achlioptas, "Database-friendly random projections"), so
 * the cosine of two texts is close to the share of features that they have in common.
 *
 * It finds words, not meaning. A model would take its place here, and cost a thousand times more.
 */

export const DIMENSIONS = 384

/** Rare enough to tell texts apart, these are not. They would make all English texts alike. */
const STOP_WORDS = new Set(
  (
    'a about all also an and any are as at be been but by can could do does for from get has have ' +
    'how if in into is it its may more must no not of on or other our should so such than that the ' +
    'their them then there these they this to use used using was we what when which will with would you your'
  ).split(' '),
)

/** Parts of a word forgive an ending or a typing error. Sizes as in fastText, edges included. */
const LETTERS = [3, 4, 5]

/** Pairs of words are rarer than words and say more; parts of words are many and say little. */
const WEIGHTS = { word: 1, pair: 0.8, letters: 0.2 }

/** The vector of a text, of length 1; all zeros if there is no word in it. */
export function embed(text: string): Float32Array {
  const sum = new Float64Array(DIMENSIONS)
  for (const [feature, weight] of featuresOf(text)) addDirection(sum, feature, weight)
  const length = Math.hypot(...sum)
  // Summed in double precision and rounded once, so that order hardly matters.
  return length === 0 ? new Float32Array(DIMENSIONS) : Float32Array.from(sum, (x) => x / length)
}

/** The cosine of the angle between two vectors of length 1. */
export function similarity(a: Float32Array, b: Float32Array): number {
  let product = 0
  for (let i = 0; i < DIMENSIONS; i++) product += a[i]! * b[i]!
  return product
}

function featuresOf(text: string): Map<string, number> {
  const words = (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).filter((word) => !STOP_WORDS.has(word))
  const counts = new Map<string, number>()
  const count = (feature: string) => counts.set(feature, (counts.get(feature) ?? 0) + 1)
  words.forEach((word, i) => {
    count(`word ${word}`)
    if (i > 0) count(`pair ${words[i - 1]} ${word}`)
    const edged = `_${word}_`
    for (const size of LETTERS) {
      for (let at = 0; at + size <= edged.length; at++) {
        count(`letters ${edged.slice(at, at + size)}`)
      }
    }
  })
  for (const [feature, times] of counts) {
    const kind = feature.slice(0, feature.indexOf(' ')) as keyof typeof WEIGHTS
    // Sublinear: a word said ten times is not ten times as important.
    counts.set(feature, WEIGHTS[kind] * (1 + Math.log(times)))
  }
  return counts
}

function addDirection(sum: Float64Array, feature: string, weight: number): void {
  let state = fnv1a(feature)
  for (let i = 0; i < DIMENSIONS; i += 32) {
    state = (state + 0x9e3779b9) | 0
    let signs = mixed(state)
    for (let bit = 0; bit < 32; bit++) {
      sum[i + bit]! += signs & 1 ? weight : -weight
      signs >>>= 1
    }
  }
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function fnv1a(text: string): number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state
}

/** The last step of MurmurHash3: every bit of the input moves every bit of the result. */
function mixed(state: number): number {
  let x = state
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}
