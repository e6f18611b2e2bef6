/**
 * The dict as a plain object.
 *
 * The Proxy's target is a fresh, extensible object that stays empty but for the symbol that
 * console.log looks for: a target without properties leaves the traps free to say what they like
 * (the invariants of ECMA-262, 10.5, bind only what the target has).
 *
 * Properties with string names are entries. Symbols are never stored; reading one reads the target.
 */
import { type InspectOptions, inspect } from 'node:util'
import type { EntryRange } from '../engine/entry-range.js'
import { scanEntries } from '../engine/scan.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import { dataDescriptor, refuseOddProperty, refuseSymbol } from './data-property.js'
import { inspectedView } from './inspected.js'
import { jsKeyOrder } from './js-key-order.js'
import type { Scope } from './scope.js'

/** How a view hands out values, and what it inherits from. */
export interface ViewOptions {
  /**
   * `'live'`: changes inside a value are saved. `'frozen'`: values are read-only and shared.
   * `'copy'`: each read makes a copy, whose changes are not saved.
   * @default 'live'
   */
  readonly values?: 'live' | 'frozen' | 'copy' | undefined
  /** What the view inherits from: null for an object without toString() and the like. @default Object.prototype */
  readonly prototype?: object | null | undefined
}

/** A new object view of a namespace. */
export function objectView(scope: Scope, options: ViewOptions = {}): object {
  refuseUnknown(options, ['values', 'prototype'], 'asObject()')
  const { values = 'live', prototype = Object.prototype } = options
  if (values !== 'live' && values !== 'frozen' && values !== 'copy') {
    throw new OptionError(
      'values',
      `values must be 'live', 'frozen' or 'copy', and was ${String(values)}.`,
    )
  }
  if (!scope.hasStringKeys) {
    throw new OptionError(
      'keySerializer',
      'A dict with a keySerializer has no object view: property names are strings.',
    )
  }
  const target = Object.create(prototype) as object
  Object.defineProperty(target, inspect.custom, {
    value: (depth: number, format: InspectOptions) => inspectedView(scope, depth, format),
    configurable: true,
    enumerable: false,
  })
  return new Proxy(target, new ViewHandler(scope, values))
}

class ViewHandler implements ProxyHandler<object> {
  readonly #scope: Scope
  readonly #values: 'live' | 'frozen' | 'copy'

  constructor(scope: Scope, values: 'live' | 'frozen' | 'copy') {
    this.#scope = scope
    this.#values = values
  }

  get(target: object, key: string | symbol, receiver: unknown): unknown {
    if (typeof key === 'symbol') return Reflect.get(target, key, receiver)
    const value = this.#value(key)
    return value === undefined ? Reflect.get(target, key, receiver) : value
  }

  has(target: object, key: string | symbol): boolean {
    return Reflect.has(target, key) || this.#hasEntry(key)
  }

  set(target: object, key: string | symbol, value: unknown, receiver: unknown): boolean {
    refuseSymbol(key)
    // An object that inherits from the view gets a property of its own, as from any prototype.
    if (!isViewOf(receiver, target)) {
      return Reflect.set(Object.create(null) as object, key, value, receiver)
    }
    return this.#store(key, value)
  }

  deleteProperty(_target: object, key: string | symbol): boolean {
    const scope = this.#open()
    if (typeof key === 'string') scope.delete(key)
    return true
  }

  ownKeys(): string[] {
    const scope = this.#open()
    const { engine, space } = scope
    const keys: string[] = []
    const range: EntryRange = { order: 'insertion' }
    for (const { key } of scanEntries(engine, space, range, 'keys')) scope.listing(keys.push(key))
    return jsKeyOrder(keys)
  }

  getOwnPropertyDescriptor(_target: object, key: string | symbol): PropertyDescriptor | undefined {
    if (typeof key === 'symbol') return undefined
    const value = this.#value(key)
    return value === undefined ? undefined : dataDescriptor(value)
  }

  defineProperty(_target: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    refuseSymbol(key)
    const exists = this.#hasEntry(key)
    refuseOddProperty(() => this.#scope.space.shown(key), descriptor, exists)
    // Without a value, an existing property keeps the one it has.
    return exists && !('value' in descriptor) ? true : this.#store(key, descriptor.value)
  }

  getPrototypeOf(target: object): object | null {
    return Reflect.getPrototypeOf(target)
  }

  setPrototypeOf(target: object, prototype: object | null): boolean {
    if (prototype === Reflect.getPrototypeOf(target)) return true
    throw new TypeError(
      'The prototype of a persistent object cannot be changed: prototypes are not stored.',
    )
  }

  isExtensible(): boolean {
    return true
  }

  preventExtensions(): boolean {
    throw new TypeError(
      'A persistent object cannot be frozen, sealed or made non-extensible: another process may add to it.',
    )
  }

  #open(): Scope {
    this.#scope.assertOpen()
    return this.#scope
  }

  #value(key: string): unknown {
    const scope = this.#open()
    if (this.#values === 'live') return scope.live.value(scope, key)
    return scope.engine.value(scope.space, key, this.#values)
  }

  #store(key: string, value: unknown): boolean {
    const scope = this.#open()
    // A live value that is assigned to its own property is there already.
    if (this.#values === 'live' && scope.live.isFaceOf(scope, key, value)) return true
    scope.engine.write([scope.setWrite(key, value, undefined)])
    return true
  }

  #hasEntry(key: string | symbol): boolean {
    const { engine, space } = this.#open()
    return typeof key === 'string' && engine.has(space, key)
  }
}

/** Whether the receiver of an assignment is the view itself: its own symbol is found nowhere else. */
function isViewOf(receiver: unknown, target: object): boolean {
  return (
    typeof receiver === 'object' &&
    receiver !== null &&
    Object.getPrototypeOf(receiver) === Object.getPrototypeOf(target) &&
    Reflect.get(receiver, inspect.custom) === Reflect.get(target, inspect.custom)
  )
}
