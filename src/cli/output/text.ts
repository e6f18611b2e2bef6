/** Text for people: safe to show on a terminal, whatever is in it. */

/** Control characters, what orders text backwards, and halves of surrogate pairs. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu')

/** The text, in quotation marks and escaped if anything in it would not be seen as it is. */
export function shownKey(key: string): string {
  return key === '' || UNSAFE.test(key) || key !== key.trim() ? visible(JSON.stringify(key)) : key
}

/** The text with everything escaped that could do something to a terminal, except newlines. */
export function visible(text: string): string {
  return text.replace(UNSAFE_ALL, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** The names of a namespace from the root down, as one word. */
export function shownPath(path: readonly string[]): string {
  return path.map((name) => (name.includes('/') ? JSON.stringify(name) : shownKey(name))).join('/')
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function shownBytes(bytes: number): string {
  let size = bytes
  let at = 0
  for (; size >= 1_024 && at < SIZES.length - 1; at++) size /= 1_024
  return `${at === 0 ? size : size.toFixed(1)} ${SIZES[at]}`
}

const SPANS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** A time span by its two largest units, cut off: `1d 3h`, `59s`, `250ms`; Infinity is `for ever`. */
export function shownSpan(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'for ever'
  const at = SPANS.findIndex(([, unitMs]) => ms >= unitMs)
  const [unit, unitMs] = SPANS[at] ?? ['ms', 1]
  const whole = Math.floor(ms / unitMs)
  const [smaller, smallerMs] = SPANS[at + 1] ?? []
  if (at < 0 || smallerMs === undefined || smallerMs === 1) return `${whole}${unit}`
  const rest = Math.floor((ms - whole * unitMs) / smallerMs)
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit} ${rest}${smaller}`
}

export function shownTime(ms: number | undefined): string {
  return ms === undefined ? 'never' : new Date(ms).toISOString()
}

/** A count with the thing counted: `1 entry`, `2 entries`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
