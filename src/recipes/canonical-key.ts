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
import { hash } from 'node:crypto'
import { compareBytes, varintLength, writeVarint } from '../bytes.js'
import { UnkeyableValueError } from '../errors/key-errors.js'
import { encodeWtf8 } from '../keys/wtf8.js'
import { nameOf, type Place, pathOf, ROOT, within } from './canonical-place.js'

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
  /** What kind of value it is. */
  readonly type: string
  /** What it is, in short. */
  readonly text: string
}

/** What a key was made from. */
export interface KeyExplanation {
  /** The key, as it is stored. */
  readonly key: string
  /** What counts of the request. */
  readonly parts: readonly KeyPart[]
  /** The paths that were there, and ignored. */
  readonly ignored: readonly string[]
}

/** The key of a value: 43 characters. Throws UnkeyableValueError, with the path of the part. */
export function canonicalKey(value: unknown, options?: CanonicalOptions): string {
  return sha256(new Encoder(options, undefined).encode(value))
}

/** The key of a value, and what it was made from. Throws as canonicalKey() does. */
export function explainKey(value: unknown, options?: CanonicalOptions): KeyExplanation {
  const notes: Notes = { parts: [], ignored: [] }
  const key = sha256(new Encoder(options, notes).encode(value))
  return { key, ...notes }
}

function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64url')
}

interface Notes {
  readonly parts: KeyPart[]
  readonly ignored: string[]
}

/** Keys of usual length are encoded in it without growing. */
const FIRST_BYTES = 512

/** Up to so many characters a loop is faster than a call of native code. */
const SHORT_TEXT = 48

/** Up to so many names are sorted by inserting. */
const FEW_NAMES = 16

const NOTHING: ReadonlySet<string> = new Set()

class Encoder {
  readonly #ignored: ReadonlySet<string>
  readonly #isArguments: boolean
  readonly #notes: Notes | undefined
  /** From the value down. Few, so that looking through them is quicker than a Set. */
  readonly #ancestors: object[] = []
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  constructor(options: CanonicalOptions | undefined, notes: Notes | undefined) {
    this.#ignored = options?.ignore === undefined ? NOTHING : new Set(options.ignore)
    this.#isArguments = options?.isArguments ?? false
    this.#notes = notes
  }

  encode(value: unknown): Uint8Array {
    this.#part(value, ROOT)
    return this.#bytes.subarray(0, this.#length)
  }

  #part(value: unknown, at: Place): void {
    switch (typeof value) {
      case 'undefined':
        this.#tag('u')
        break
      case 'boolean':
        this.#tag(value ? 't' : 'f')
        break
      case 'number':
        this.#tag('d')
        this.#float64(value)
        break
      case 'bigint':
        this.#tag('i')
        this.#text(String(value))
        break
      case 'string':
        this.#tag('s')
        this.#text(value)
        break
      case 'object':
        if (value !== null) {
          this.#object(value, at)
          return
        }
        this.#tag('n')
        break
      default:
        throw refused(at, `a ${typeof value}`)
    }
    this.#note(at, value === null ? 'null' : typeof value, value)
  }

  #object(value: object, at: Place): void {
    if (Array.isArray(value) || isPlain(value)) this.#branch(value, at)
    else if (value instanceof Map || value instanceof Set) this.#branch(value, at)
    else this.#leaf(value, at)
  }

  /** An object without parts. */
  #leaf(value: object, at: Place): void {
    const content = contentOf(value)
    if (value instanceof Date) {
      this.#tag('D')
      this.#float64(value.getTime())
    } else if (value instanceof RegExp) {
      this.#tag('R')
      this.#text(value.source)
      this.#text(value.flags)
    } else if (value instanceof URL) {
      this.#tag('L')
      this.#text(value.href)
    } else if (content !== undefined) {
      this.#tag('B')
      this.#text(content.kind)
      this.#varint(content.bytes.length)
      this.#raw(content.bytes)
    } else throw refused(at, `an instance of ${nameOfClass(value)}`)
    this.#note(at, content?.kind ?? nameOfClass(value), content?.bytes ?? value)
  }

  #branch(value: object, at: Place): void {
    if (this.#ancestors.includes(value)) throw refused(at, 'a part of itself')
    if (at.depth >= MAX_DEPTH) throw refused(at, `more than ${MAX_DEPTH} levels deep`)
    this.#ancestors.push(value)
    if (Array.isArray(value)) this.#array(value, at)
    else if (value instanceof Map) this.#map(value, at)
    else if (value instanceof Set) this.#set(value, at)
    else this.#plain(value as Readonly<Record<string, unknown>>, at)
    this.#ancestors.pop()
  }

  #array(list: readonly unknown[], at: Place): void {
    this.#head('a', list.length, at, 'array')
    const step = this.#isArguments && at.depth === 0 ? 'argument' : 'index'
    for (let index = 0; index < list.length; index++) {
      const place = within(at, step, String(index))
      if (!(index in list)) this.#mark('h', place, 'hole')
      else if (this.#isIgnored(place)) this.#mark('u', place, 'ignored')
      else this.#part(list[index], place)
    }
  }

  #plain(object: Readonly<Record<string, unknown>>, at: Place): void {
    if (Object.getOwnPropertySymbols(object).length > 0) throw refused(at, 'named by symbols')
    const names: string[] = []
    for (const name of Object.keys(object)) {
      if (object[name] === undefined) continue
      if (this.#ignored.size > 0 && this.#isIgnored(within(at, 'property', name))) continue
      names.push(name)
    }
    this.#head('o', names.length, at, 'object')
    for (const name of sorted(names)) {
      this.#text(name)
      this.#part(object[name], within(at, 'property', name))
    }
  }

  #map(map: ReadonlyMap<unknown, unknown>, at: Place): void {
    let index = 0
    const encoded = Array.from(map, ([key, value]) => {
      const name = String(index++)
      const keyBytes = this.#apart(key, within(at, 'key', name))
      return { keyBytes, bytes: this.#apart(value, within(at, 'value', name)) }
    })
    encoded.sort((a, b) => compareBytes(a.keyBytes, b.keyBytes))
    this.#head('M', encoded.length, at, 'Map')
    for (const { keyBytes, bytes } of encoded) {
      this.#raw(keyBytes)
      this.#raw(bytes)
    }
  }

  #set(set: ReadonlySet<unknown>, at: Place): void {
    let index = 0
    const encoded = Array.from(set, (member) => {
      return this.#apart(member, within(at, 'member', String(index++)))
    })
    this.#head('S', encoded.length, at, 'Set')
    for (const bytes of encoded.sort(compareBytes)) this.#raw(bytes)
  }

  /** The bytes of a part that is put in its place later. */
  #apart(value: unknown, at: Place): Uint8Array {
    const start = this.#length
    this.#part(value, at)
    const bytes = Uint8Array.prototype.slice.call(this.#bytes, start, this.#length)
    this.#length = start
    return bytes
  }

  #isIgnored(place: Place): boolean {
    if (this.#ignored.size === 0 || !this.#ignored.has(nameOf(place))) return false
    this.#notes?.ignored.push(pathOf(place))
    return true
  }

  #head(tag: string, count: number, at: Place, type: string): void {
    this.#tag(tag)
    this.#varint(count)
    if (count === 0) this.#notes?.parts.push({ path: pathOf(at), type, text: 'empty' })
  }

  #mark(tag: string, at: Place, what: string): void {
    this.#tag(tag)
    this.#notes?.parts.push({ path: pathOf(at), type: what, text: what })
  }

  #note(at: Place, type: string, value: unknown): void {
    this.#notes?.parts.push({ path: pathOf(at), type, text: shown(value) })
  }

  #tag(tag: string): void {
    this.#room(1)
    this.#bytes[this.#length++] = tag.charCodeAt(0)
  }

  #varint(value: number): void {
    this.#room(varintLength(value))
    this.#length = writeVarint(this.#bytes, this.#length, value)
  }

  /** Every NaN is the same to a program, whatever its bits. */
  #float64(value: number): void {
    this.#room(8)
    this.#length = this.#bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.#length)
  }

  #text(text: string): void {
    if (text.length <= SHORT_TEXT && this.#shortAscii(text)) return
    const bytes = encodeWtf8(text)
    this.#varint(bytes.length)
    this.#raw(bytes)
  }

  /** Writes nothing that counts, and returns false, if the text is not ASCII. */
  #shortAscii(text: string): boolean {
    const { length } = text
    this.#room(1 + length)
    const bytes = this.#bytes
    const start = this.#length
    bytes[start] = length
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) return false
      bytes[start + 1 + at] = code
    }
    this.#length = start + 1 + length
    return true
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #room(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Sorts names in place, as sort() does, which takes its time for the few that most objects have. */
function sorted(names: string[]): string[] {
  if (names.length > FEW_NAMES) return names.sort()
  for (let from = 1; from < names.length; from++) {
    const name = names[from] as string
    let at = from
    for (; at > 0 && (names[at - 1] as string) > name; at--) names[at] = names[at - 1] as string
    names[at] = name
  }
  return names
}

/** Plain objects of other realms have an Object.prototype of their own, which has no prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
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

/** Enough to recognise a part by. */
const SHOWN_CHARS = 80

function shown(value: unknown): string {
  const text = textOf(value)
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Object.is(value, -0)) return '-0'
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Date) return String(value.getTime())
  return String(value)
}

function refused(at: Place, what: string): UnkeyableValueError {
  return new UnkeyableValueError(pathOf(at), what)
}
