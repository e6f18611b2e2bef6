/** Strings that are hard to keep: for property tests. */
import fc from 'fast-check'

/** Ends and middles of what UTF-8 and UTF-16 treat differently. */
const NASTY_UNITS = [
  0x00, 0x2f, 0x7f, 0x80, 0xff, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000,
  0xfeff, 0xfffd, 0xffff,
]

/** Any JavaScript string: any UTF-16 units in any order. */
export function anyString(maxLength = 40): fc.Arbitrary<string> {
  const unit = fc.oneof(
    fc.constantFrom(...NASTY_UNITS),
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0xd800, max: 0xdfff }),
    fc.integer({ min: 0x61, max: 0x63 }),
  )
  return fc.array(unit, { maxLength }).map((units) => String.fromCharCode(...units))
}
