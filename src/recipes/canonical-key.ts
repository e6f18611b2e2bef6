/**
 * One key for equal values, and another for any other: for what was computed from arguments.
 *
 * A value becomes bytes in which each part says its type and its length, so that no two values can
 * run into the same bytes; their SHA-256 is the key.
 *
 *     u  n  t  f          undefined, null, true, false
 *     d  float64          a number; all NaN are one, 0 and -0 are two
 *     i  text             a bigint
 *     s  text             a string, in WTF-8
 *     D  float64          a Date
 *     R  text text        a RegExp: source, flags
 *     L  text             a URL
 *     B  text bytes       an ArrayBuffer or a view of one: its kind, its content
 *     a  count part…      an array; a hole is 'h'
 *     o  count (text part)…   a plain object, its names in order
 *     M  count (part part)…   a Map, in the order of its keys' bytes
 *     S  count part…      a Set, in the order of its members' bytes
 *
 * A text or bytes is a length (var) and content. A property whose value is undefined counts as absent,
 * as it does for default values and in JSON. Whatever has more to it than its parts (functions,
 * symbols, instances of classes, cycles) is refused: left out, it would give one key to two values.
 */
import { createHash } from 'node:crypto'
import { compareBytes, varintLength, writeVarint } from '../bytes.js'
import { UnkeyableValueError } from '../errors/key-errors.js'
import { encodeWtf8 } from '../keys/wtf8.js'

/** Deeper than that, a value is taken for one without an end. */
const MAX_DEPTH = 1_000

export interface CanonicalOptions {
  /**
   * Properties that make no difference, such as `signal` or `options.headers`: paths from the value.
   * The index of an array is a name like any other.
   */
  readonly ignore?: readonly string[] | undefined
  /** The value is a list of arguments: `ignore` has paths from each of them. @default false */
  readonly isArguments?: boolean | undefined
}

/** A part of a value that counts. */
export interface KeyPart {
  /** From the value, such as `messages[0].content`; empty for the value itself. */
  readonly path: string
  readonly type: string
  /** What it is, in short. */
  readonly text: string
}

/** What a key was made from. */
export interface KeyExplanation {
  readonly key: string
  readonly parts: readonly KeyPart[]
  /** The paths that were there, and ignored. */
  readonly ignored: readonly string[]
}

/** The key of a value: 43 characters. Throws UnkeyableValueError, with the path of the part. */
export function canonicalKey(value: unknown, options?: CanonicalOptions): string {
  return digest(new Encoder(options, undefined).encode(value))
}

/** The key of a value, and what it was made from. Throws as canonicalKey() does. */
export function explainKey(value: unknown, options?: CanonicalOptions): KeyExplanation {
  const notes: Notes = { parts: [], ignored: [] }
  const key = digest(new Encoder(options, notes).encode(value))
  return { key, ...notes }
}

interface Notes {
  readonly parts: KeyPart[]
  readonly ignored: string[]
}

function digest(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('base64url')
}

/** Where a part is: as people write it, and as `ignore` names it. */
interface Place {
  readonly path: string
  readonly name: string
  readonly depth: number
}

class Encoder {
  readonly #ignored: ReadonlySet<string>
  readonly #isArguments: boolean
  readonly #notes: Notes | undefined
  readonly #ancestors = new Set<object>()
  #chunks: Uint8Array[] = []

  constructor(options: CanonicalOptions | undefined, notes: Notes | undefined) {
    this.#ignored = new Set(options?.ignore)
    this.#isArguments = options?.isArguments ?? false
    this.#notes = notes
  }

  encode(value: unknown): Uint8Array[] {
    this.#part(value, { path: '', name: '', depth: 0 })
    return this.#chunks
  }

  #part(value: unknown, at: Place): void {
    const leaf = leafOf(value, at)
    if (leaf === undefined) this.#branch(value as object, at)
    else this.#leaf(leaf, at)
  }

  #branch(value: object, at: Place): void {
    if (this.#ancestors.has(value)) throw refused(at, 'a part of itself')
    if (at.depth >= MAX_DEPTH) throw refused(at, `more than ${MAX_DEPTH} levels deep`)
    this.#ancestors.add(value)
    if (Array.isArray(value)) this.#array(value, at)
    else if (value instanceof Map) this.#map(value, at)
    else if (value instanceof Set) this.#set(value, at)
    else this.#plain(value, at)
    this.#ancestors.delete(value)
  }

  #array(list: readonly unknown[], at: Place): void {
    this.#head('a', list.length, at, 'array')
    for (let index = 0; index < list.length; index++) {
      const isArgument = this.#isArguments && at.depth === 0
      const place = within(at, `${at.path}[${index}]`, isArgument ? '' : String(index))
      if (!(index in list)) this.#leaf(HOLE, place)
      else if (this.#isIgnored(place)) this.#leaf(IGNORED, place)
      else this.#part(list[index], place)
    }
  }

  #plain(object: object, at: Place): void {
    const prototype: unknown = Object.getPrototypeOf(object)
    // Plain objects of other realms have an Object.prototype of their own, which has no prototype.
    const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null
    if (!isPlain) throw refused(at, `an instance of ${nameOfClass(object)}`)
    if (Object.getOwnPropertySymbols(object).length > 0) throw refused(at, 'named by symbols')
    const fields = Object.entries(object).filter(([name, value]) => {
      return value !== undefined && !this.#isIgnored(property(at, name))
    })
    fields.sort(([a], [b]) => (a < b ? -1 : 1))
    this.#head('o', fields.length, at, 'object')
    for (const [name, value] of fields) {
      this.#chunks.push(text(name))
      this.#part(value, property(at, name))
    }
  }

  #map(map: ReadonlyMap<unknown, unknown>, at: Place): void {
    let index = 0
    const encoded = Array.from(map, ([key, value]) => {
      const path = `${at.path}<${index++}>`
      const keyBytes = this.#apart(key, within(at, `${path}.key`, ''))
      return { keyBytes, bytes: this.#apart(value, within(at, `${path}.value`, '')) }
    })
    encoded.sort((a, b) => compareBytes(a.keyBytes, b.keyBytes))
    this.#head('M', encoded.length, at, 'Map')
    for (const { keyBytes, bytes } of encoded) this.#chunks.push(keyBytes, bytes)
  }

  #set(set: ReadonlySet<unknown>, at: Place): void {
    let index = 0
    const encoded = Array.from(set, (member) => {
      return this.#apart(member, within(at, `${at.path}<${index++}>`, ''))
    })
    this.#head('S', encoded.length, at, 'Set')
    this.#chunks.push(...encoded.sort(compareBytes))
  }

  /** The bytes of a part that is put in its place later. */
  #apart(value: unknown, at: Place): Uint8Array {
    const chunks = this.#chunks
    this.#chunks = []
    try {
      this.#part(value, at)
      return Buffer.concat(this.#chunks)
    } finally {
      this.#chunks = chunks
    }
  }

  #isIgnored(place: Place): boolean {
    if (this.#ignored.size === 0 || !this.#ignored.has(place.name)) return false
    this.#notes?.ignored.push(place.path)
    return true
  }

  #head(tag: string, count: number, at: Place, type: string): void {
    this.#chunks.push(TAGS[tag] as Uint8Array, varint(count))
    if (count === 0) this.#notes?.parts.push({ path: at.path, type, text: 'empty' })
  }

  #leaf({ tag, type, shown, bytes }: Leaf, at: Place): void {
    this.#chunks.push(TAGS[tag] as Uint8Array, ...bytes)
    this.#notes?.parts.push({ path: at.path, type, text: shortened(shown()) })
  }
}

/** A part without parts. */
interface Leaf {
  readonly tag: string
  readonly type: string
  /** As people would write it; only explainKey() asks. */
  readonly shown: () => string
  readonly bytes: readonly Uint8Array[]
}

const HOLE = leaf('h', 'hole', () => 'hole')
const IGNORED = leaf('u', 'ignored', () => 'ignored')

/** Undefined for what has parts. */
function leafOf(value: unknown, at: Place): Leaf | undefined {
  switch (typeof value) {
    case 'undefined':
      return leaf('u', 'undefined', () => 'undefined')
    case 'boolean':
      return leaf(value ? 't' : 'f', 'boolean', () => String(value))
    case 'number':
      return leaf(
        'd',
        'number',
        () => (Object.is(value, -0) ? '-0' : String(value)),
        float64(value),
      )
    case 'bigint':
      return leaf('i', 'bigint', () => String(value), text(String(value)))
    case 'string':
      return leaf('s', 'string', () => JSON.stringify(value), text(value))
    case 'object':
      return value === null ? leaf('n', 'null', () => 'null') : leafOfObject(value)
    default:
      throw refused(at, `a ${typeof value}`)
  }
}

function leafOfObject(value: object): Leaf | undefined {
  if (value instanceof Date) {
    return leaf('D', 'Date', () => String(value.getTime()), float64(value.getTime()))
  }
  if (value instanceof RegExp) {
    return leaf('R', 'RegExp', () => String(value), text(value.source), text(value.flags))
  }
  if (value instanceof URL) return leaf('L', 'URL', () => value.href, text(value.href))
  const content = contentOf(value)
  if (content === undefined) return undefined
  const { kind, bytes } = content
  return leaf('B', kind, () => `${bytes.length} bytes`, text(kind), prefixed(bytes))
}

function leaf(tag: string, type: string, shown: () => string, ...bytes: Uint8Array[]): Leaf {
  return { tag, type, shown, bytes }
}

const TAGS: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  Array.from('untfdisDRLBahoMS', (tag) => [tag, Buffer.from(tag)]),
)

function within(at: Place, path: string, name: string): Place {
  return { path, name: at.name === '' ? name : `${at.name}.${name}`, depth: at.depth + 1 }
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

function property(at: Place, name: string): Place {
  const shown = IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
  return within(at, at.path === '' ? shown.replace(/^\./, '') : at.path + shown, name)
}

/** The bytes that a binary value is, wherever they lie. A Buffer is a Uint8Array. */
function contentOf(value: object): { kind: string; bytes: Uint8Array } | undefined {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value
    const kind = Buffer.isBuffer(value) ? 'Uint8Array' : nameOfClass(value)
    return { kind, bytes: new Uint8Array(buffer, byteOffset, byteLength) }
  }
  if (value instanceof ArrayBuffer) return { kind: 'ArrayBuffer', bytes: new Uint8Array(value) }
  return undefined
}

function nameOfClass(value: object): string {
  const made: unknown = value.constructor
  return typeof made === 'function' && made.name !== '' ? made.name : 'a class without a name'
}

function varint(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(varintLength(value))
  writeVarint(bytes, 0, value)
  return bytes
}

function prefixed(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint(bytes.length), bytes])
}

function text(value: string): Uint8Array {
  return prefixed(encodeWtf8(value))
}

function float64(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(8)
  // Every NaN is the same to a program, whatever its bits.
  bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value)
  return bytes
}

/** Enough to recognise a part by. */
const SHOWN_CHARS = 80

function shortened(shown: string): string {
  return shown.length > SHOWN_CHARS ? `${shown.slice(0, SHOWN_CHARS)}…` : shown
}

function refused(at: Place, what: string): UnkeyableValueError {
  return new UnkeyableValueError(at.path, what)
}
