/**
 * The keys of one namespace, as the bytes under which a store keeps them.
 *
 *     plain    prefix │ WTF-8 of the key                     at most keySizeLimit bytes
 *     hashed   prefix │ head │ 0xFF │ digest │ slot (u32 BE)   exactly keySizeLimit bytes
 *
 *     prefix   0x01                                       the root namespace
 *              0x02 │ WTF-8 of the name │ 0xFF            a namespace; 0xFE between nested names
 *              0x03 │ SHA-256 of that                     a namespace with a long name
 *
 * Where names are hidden, a prefix is 0x01, or 0x03 │ what hides the other form of it; and every key is
 * hashed without a head, by what hides prefix and key. Such keys have no order.
 *
 * WTF-8 has no byte above 0xF7, so 0xFE and 0xFF cannot occur in a name or a plain key: no name can
 * reach into another namespace, and hashed and plain keys cannot be taken for each other.
 * `head` is as much of the key as fits, so that long keys sort by their first bytes among all others,
 * then by digest. Two keys with one head and one digest take neighbouring slots; the record of a
 * hashed key holds the full key, and whoever reads one compares it.
 */
import { afterPrefix } from '../bytes.js'
import { kindOf } from '../errors/checked-argument.js'
import { KeyError } from '../errors/key-errors.js'
import { type KeySettings, MARKER_BYTES, SLOT_BYTES, sha256 } from './key-settings.js'
import type { Secrets } from './secrets.js'
import { decodeWtf8, encodeWtf8 } from './wtf8.js'

const ROOT = 0x01
const NAMED = 0x02
const LONG_NAMED = 0x03
const NESTED = 0xfe
const MARKER = 0xff

/** Starts the ids of keys in namespaces. As the start of a key, a lone surrogate is rare. */
const ID_MARK = '\udc00'
const ID_MARK_CODE = 0xdc00

/** Keys of up to so many characters are lent; beyond, native code encodes faster than a loop here. */
const LONGEST_LENT_KEY = 64

/** No key has so few characters: none is lent. */
const NONE_LENT = -1

/** Two keys share so many bytes of an HMAC with a probability of 2^-64, after 2^32 keys. */
const UNIQUE_DIGEST_BYTES = 16

const SHA256_BYTES = 32

/** What is hidden begins with what it is: no key stands for the same as a namespace. */
const HIDDEN_KEY = Buffer.from('key\0')
const HIDDEN_NAMESPACE = Buffer.from('namespace\0')

/** Bytes of a digest that a message shows: enough to tell two keys apart. */
const SHOWN_DIGEST_BYTES = 4

/** Prefixes longer than this are hashed, which bounds the length of storage keys. */
const LONGEST_PREFIX = 104
const LONG_PREFIX_BYTES = 1 + 32

/** The key in the form that the library uses throughout: `1` and `'1'` are one key, as on an object. */
export function canonicalKey(key: unknown): string {
  if (typeof key === 'string') return key
  if (typeof key === 'number') return String(key)
  throw new KeyError(
    key,
    `A key must be a string or a number, and was ${kindOf(key)}. Convert it first, or open the dict with a keySerializer.`,
  )
}

export class KeySpace {
  /** The namespace names from the root down; empty for the root. */
  readonly path: readonly string[]
  readonly prefix: Uint8Array
  /** Of an encrypted store; undefined for a plain one. */
  readonly secrets: Secrets | undefined
  /** Whether storage keys tell nothing of keys, not even their order. */
  readonly isHidden: boolean
  readonly #settings: KeySettings
  readonly #idPrefix: string
  /** Begins with the prefix; see lend(). */
  readonly #scratch: Uint8Array
  readonly #lentChars: number
  /** The scratch cut to the length of a key, by the key's length. */
  readonly #views: (Uint8Array | undefined)[] = []
  /** Bytes of a hashed key behind the prefix; a longer key is hashed. */
  readonly #limit: number
  /** Bytes of a hashed key before the marker. */
  readonly #headBytes: number

  constructor(path: readonly string[], settings: KeySettings) {
    this.path = path
    this.secrets = settings.secrets
    this.isHidden = settings.secrets?.hidesNames === true
    this.prefix = this.isHidden ? hiddenPrefix(path, settings.secrets as Secrets) : prefixOf(path)
    const { keySizeLimit, digestBytes } = settings
    const afterHead = digestBytes + MARKER_BYTES + SLOT_BYTES
    this.#limit = this.isHidden ? afterHead : keySizeLimit
    this.#headBytes = this.#limit - afterHead
    this.#lentChars = this.isHidden ? NONE_LENT : Math.min(LONGEST_LENT_KEY, keySizeLimit)
    this.#scratch = Buffer.allocUnsafeSlow(this.prefix.length + Math.max(this.#lentChars, 0))
    this.#scratch.set(this.prefix)
    // JSON marks the end of the path, and never begins with the mark.
    this.#idPrefix = path.length === 0 ? '' : ID_MARK + JSON.stringify(path)
    this.#settings = settings
  }

  /** One string for a key of any namespace. For the root, where speed matters most, the key itself. */
  idOf(key: string): string {
    return this.#idPrefix === '' && key.charCodeAt(0) !== ID_MARK_CODE ? key : this.#markedId(key)
  }

  /** Like encode(), but the bytes are lent until the next call. Spares reads of short keys a copy. */
  lend(key: string): Uint8Array {
    const { length } = key
    if (length > this.#lentChars) return this.encode(key)
    const bytes = this.#scratch
    const start = this.prefix.length
    for (let at = 0; at < length; at++) {
      const code = key.charCodeAt(at)
      if (code > 0x7f) return this.encode(key)
      bytes[start + at] = code
    }
    const view = this.#views[length] ?? bytes.subarray(0, start + length)
    this.#views[length] = view
    return view
  }

  /** The bytes under which `key` is stored; for a hashed key, those of its first slot. */
  encode(key: string): Uint8Array {
    const { prefix } = this
    // A UTF-16 unit takes at most three bytes: short keys need no look at their length in bytes.
    if (!this.isHidden && key.length * 3 <= this.#limit && key.isWellFormed()) {
      const room = Buffer.allocUnsafe(prefix.length + key.length * 3)
      room.set(prefix, 0)
      return room.subarray(0, prefix.length + room.write(key, prefix.length, 'utf8'))
    }
    const bytes = encodeWtf8(key)
    if (!this.isHidden && bytes.length <= this.#limit) return Buffer.concat([prefix, bytes])
    return this.#hashed(bytes)
  }

  /** Whether these bytes are of a hashed key, so that the key itself is in the record. */
  isHashed(storageKey: Uint8Array): boolean {
    return (
      storageKey.length === this.prefix.length + this.#limit &&
      storageKey[this.prefix.length + this.#headBytes] === MARKER
    )
  }

  /** Whether a storage key is of this namespace, and not of one within it or beside it. */
  owns(storageKey: Uint8Array): boolean {
    const { prefix } = this
    // No prefix of one namespace is the start of another's.
    for (let at = 0; at < prefix.length; at++) if (storageKey[at] !== prefix[at]) return false
    return true
  }

  /** The key of a plain storage key. Throws RangeError for bytes that are no key. */
  decode(storageKey: Uint8Array): string {
    return decodeWtf8(storageKey, this.prefix.length)
  }

  /** The bytes of the key itself, as the record of a hashed key holds them. */
  fullKey(key: string): Uint8Array {
    return encodeWtf8(key)
  }

  /** The slot number of a hashed storage key, from 0. */
  slotOf(storageKey: Uint8Array): number {
    return view(storageKey).getUint32(storageKey.length - SLOT_BYTES)
  }

  /** A hashed storage key with its slot number replaced. */
  withSlot(storageKey: Uint8Array, slot: number): Uint8Array {
    const copy = Uint8Array.prototype.slice.call(storageKey)
    view(copy).setUint32(copy.length - SLOT_BYTES, slot)
    return copy
  }

  /** The first storage key of the namespace, and the first one after it. */
  bounds(): { from: Uint8Array; to: Uint8Array } {
    return { from: this.prefix, to: afterPrefix(this.prefix) as Uint8Array }
  }

  /**
   * A range that holds every key starting with `text`. It may hold others when `text` is longer than
   * the head of hashed keys: callers compare the keys.
   */
  prefixBounds(text: string): { from: Uint8Array; to: Uint8Array } {
    if (this.isHidden) return this.bounds()
    const bytes = encodeWtf8(text)
    const from = Buffer.concat([this.prefix, bytes])
    if (bytes.length <= this.#headBytes) return { from, to: afterPrefix(from) as Uint8Array }
    // Hashed keys with that head come last among all that begin with it.
    const head = Buffer.concat([this.prefix, bytes.subarray(0, this.#headBytes)])
    const isPlain = bytes.length <= this.#limit
    return { from: isPlain ? from : head, to: afterPrefix(head) as Uint8Array }
  }

  /**
   * A key for messages: itself, unless the store is encrypted. Then what stands for it, which is the
   * same each time, so that two messages can be told to be about one key.
   */
  shown(key: string): string {
    if (this.secrets === undefined || this.secrets.showsKeys) return key
    return hiddenName(this.#hide(encodeWtf8(key)))
  }

  /** The names of the namespace for messages, from the root down; in the same way. */
  get shownPath(): readonly string[] {
    const { path, secrets } = this
    if (secrets === undefined || secrets.showsKeys || path.length === 0) return path
    return [hiddenName(secrets.hide(Buffer.concat([HIDDEN_NAMESPACE, joined(path)])))]
  }

  /** The same for a storage key whose key is not known. */
  shownRow(storageKey: Uint8Array): string {
    const digest = storageKey.subarray(storageKey.length - SLOT_BYTES - this.#settings.digestBytes)
    if (this.isHidden) return hiddenName(digest)
    const hex = `0x${Buffer.from(storageKey).toString('hex')}`
    if (this.isHashed(storageKey)) return this.secrets === undefined ? hex : hiddenName(digest)
    try {
      return this.shown(this.decode(storageKey))
    } catch {
      return hex
    }
  }

  /** Whether two keys never share a digest, so that a row is the one key's that its digest is of. */
  get hasUniqueDigests(): boolean {
    return this.isHidden && this.#settings.digestBytes >= UNIQUE_DIGEST_BYTES
  }

  /** The same, as far as anybody knows: nobody has found two texts with one whole SHA-256. */
  get sharesNoDigests(): boolean {
    const { hash, digestBytes } = this.#settings
    const isWhole = hash === sha256 && digestBytes === SHA256_BYTES
    return this.isHidden ? this.hasUniqueDigests : isWhole
  }

  #hide(key: Uint8Array): Uint8Array {
    const { secrets } = this
    return (secrets as Secrets).hide(Buffer.concat([HIDDEN_KEY, this.prefix, key]))
  }

  #markedId(key: string): string {
    return (this.#idPrefix === '' ? ID_MARK : this.#idPrefix) + key
  }

  #hashed(bytes: Uint8Array): Uint8Array {
    const { prefix } = this
    const { digestBytes, hash } = this.#settings
    const target = Buffer.alloc(prefix.length + this.#limit)
    target.set(prefix, 0)
    target.set(bytes.subarray(0, this.#headBytes), prefix.length)
    const marker = prefix.length + this.#headBytes
    target[marker] = MARKER
    const digest = this.isHidden ? this.#hide(bytes) : hash.digest(bytes)
    target.set(digest.subarray(0, digestBytes), marker + MARKER_BYTES)
    return target
  }
}

/** The namespace prefix of a storage key of any namespace. */
export function namespacePrefix(storageKey: Uint8Array): Uint8Array {
  switch (storageKey[0]) {
    case NAMED:
      return storageKey.subarray(0, storageKey.indexOf(MARKER) + 1)
    case LONG_NAMED:
      return storageKey.subarray(0, LONG_PREFIX_BYTES)
    default:
      return storageKey.subarray(0, 1)
  }
}

/** The namespace whose prefix this is; undefined for a long name, of which it holds only a digest. */
export function namespacePath(prefix: Uint8Array): readonly string[] | undefined {
  if (prefix.length === 1 && prefix[0] === ROOT) return []
  if (prefix[0] !== NAMED || prefix.at(-1) !== MARKER) return undefined
  const names: string[] = []
  for (let start = 1; start < prefix.length; ) {
    const end = prefix.findIndex((byte, at) => at >= start && (byte === NESTED || byte === MARKER))
    try {
      names.push(decodeWtf8(prefix.subarray(start, end)))
    } catch {
      return undefined
    }
    start = end + 1
  }
  return names
}

function hiddenPrefix(path: readonly string[], secrets: Secrets): Uint8Array {
  if (path.length === 0) return Uint8Array.of(ROOT)
  const name = secrets.hide(Buffer.concat([HIDDEN_NAMESPACE, joined(path)]))
  return Buffer.concat([Uint8Array.of(LONG_NAMED), name])
}

function hiddenName(digest: Uint8Array): string {
  return `hidden:${Buffer.from(digest.subarray(0, SHOWN_DIGEST_BYTES)).toString('hex')}`
}

function prefixOf(path: readonly string[]): Uint8Array {
  if (path.length === 0) return Uint8Array.of(ROOT)
  const prefix = joined(path)
  return prefix.length <= LONGEST_PREFIX
    ? prefix
    : Buffer.concat([Uint8Array.of(LONG_NAMED), sha256.digest(prefix)])
}

function joined(path: readonly string[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(NAMED)]
  path.forEach((name, depth) => {
    parts.push(encodeWtf8(name), Uint8Array.of(depth === path.length - 1 ? MARKER : NESTED))
  })
  return Buffer.concat(parts)
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
