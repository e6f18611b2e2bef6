/** How the keys and values of a dict go in and come out. Knows no engine. */
import type { Clock } from '../clock.js'
import type { Payload, ValueCodec } from '../codec/value-codec.js'
import type { SetWrite } from '../engine/write.js'
import { HIDDEN } from '../errors/hidden.js'
import { KeyError } from '../errors/key-errors.js'
import { canonicalKey, type KeySpace } from '../keys/key-space.js'
import { deadlineOf, type SetOptions, tagsOf } from './set-options.js'
import { type StandardSchema, validated } from './standard-schema.js'

/** Makes keys of any type into strings, and back. */
export interface KeySerializer<K = unknown> {
  /** Stored with the dict: opening it with another key serializer is refused. */
  readonly id: string
  /** Equal keys must give equal strings, and different keys different ones. */
  serialize(key: K): string
  /** The key that `serialize` made the string from. */
  deserialize(text: string): K
}

export interface EntryRulesParts {
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly defaultTtlMs: number
  readonly keySerializer: KeySerializer | undefined
  /** Checks all values, or refuses the key by throwing KeyError. */
  readonly schemaOf: (key: string) => StandardSchema | undefined
}

export class EntryRules {
  readonly keySerializer: KeySerializer | undefined
  readonly #parts: EntryRulesParts

  constructor(parts: EntryRulesParts) {
    this.#parts = parts
    this.keySerializer = parts.keySerializer
  }

  /** The same for entries that users do not see: string keys, and values of any shape. */
  hidden(): EntryRules {
    const schemaOf = () => undefined
    return new EntryRules({ ...this.#parts, keySerializer: undefined, schemaOf })
  }

  /** A key as the user gives it, as a string. Throws KeyError. */
  key(key: unknown): string {
    try {
      return this.keySerializer === undefined
        ? canonicalKey(key)
        : serialized(this.keySerializer, key)
    } catch (error) {
      if (!(error instanceof KeyError) || !this.#parts.codec.isDiscreet) throw error
      throw new KeyError(HIDDEN, error.message)
    }
  }

  /** Throws KeyError for what cannot be the name of a namespace. */
  checkNamespace(name: unknown): void {
    if (typeof name === 'string') return
    const shown = this.#parts.codec.isDiscreet ? HIDDEN : name
    throw new KeyError(shown, 'The name of a namespace must be a string.')
  }

  /** A key as it is stored, as the user gave it. */
  userKey(key: string): unknown {
    return this.keySerializer === undefined ? key : this.keySerializer.deserialize(key)
  }

  /** What the key's schema makes of a value. Throws InvalidValueError, or KeyError for no such key. */
  checked(key: string, value: unknown): unknown {
    const schema = this.#parts.schemaOf(key)
    return schema === undefined
      ? value
      : validated(schema, key, value, this.#parts.codec.isDiscreet)
  }

  /** The value behind a payload, as a copy that the caller may change. */
  copyOf(payload: Payload): unknown {
    return this.#parts.codec.decode(payload)
  }

  /**
   * A write that sets a key: the value checked and encoded, the deadline absolute. `present` tells the
   * deadline that the entry has now, 0 for none, if the options ask to keep it.
   */
  setWrite(
    space: KeySpace,
    key: string,
    value: unknown,
    options: SetOptions | undefined,
    present: () => number,
  ): SetWrite {
    const { codec, clock, defaultTtlMs } = this.#parts
    const deadline = deadlineOf(options, defaultTtlMs, clock)
    return {
      kind: 'set',
      space,
      key,
      payload: codec.encode(key, this.checked(key, value)),
      expiresAt: deadline ?? present(),
      tags: tagsOf(options),
      isNew: false,
    }
  }
}

/** A write that gives an entry another deadline and leaves the rest as it is. */
export function expiryWrite(
  space: KeySpace,
  key: string,
  { payload, tags }: { readonly payload: Payload; readonly tags: readonly string[] },
  expiresAt: number,
): SetWrite {
  return { kind: 'set', space, key, payload, expiresAt, tags, isNew: false }
}

/** What a key serializer makes of a key. Throws KeyError. */
export function serialized(keySerializer: KeySerializer, key: unknown): string {
  const text: unknown = keySerializer.serialize(key)
  if (typeof text === 'string') return text
  throw new KeyError(
    key,
    `The key serializer "${keySerializer.id}" returned ${typeof text}; it must return a string.`,
  )
}
