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
import { type EntryRange, scanEntries } from '../engine/scan.js'
import { jsKeyOrder } from './js-key-order.js'
import type { Scope } from './scope.js'

/** How many entries console.log() shows before it counts the rest. */
const INSPECTED_ENTRIES = 100

/** The scope of each view's target: the traps are shared by all views, and hold no state. */
const scopes = new WeakMap<object, Scope>()

/** A new object view of a namespace. */
export function objectView(scope: Scope): object {
  const target = {}
  Object.defineProperty(target, inspect.custom, {
    value: (depth: number, options: InspectOptions) => inspected(scope, depth, options),
    configurable: true,
    enumerable: false,
  })
  scopes.set(target, scope)
  return new Proxy(target, TRAPS)
}

const TRAPS: ProxyHandler<object> = {
  get(target, key, receiver) {
    if (typeof key === 'symbol') return Reflect.get(target, key, receiver)
    const { engine, space, mode } = scopeOf(target)
    const value = engine.value(space, key, mode)
    return value === undefined ? Reflect.get(target, key, receiver) : value
  },

  has(target, key) {
    return Reflect.has(target, key) || hasEntry(target, key)
  },

  set(target, key, value, receiver) {
    refuseSymbol(key)
    // An object that inherits from the view gets a property of its own, as from any prototype.
    if (!isViewOf(receiver, target)) return Reflect.defineProperty(receiver, key, DATA(value))
    const scope = scopeOf(target)
    scope.engine.write([scope.setWrite(key, value, undefined)])
    return true
  },

  deleteProperty(target, key) {
    const { engine, space } = scopeOf(target)
    if (typeof key === 'string') engine.delete(space, key)
    return true
  },

  ownKeys(target) {
    const scope = scopeOf(target)
    const keys: string[] = []
    const range: EntryRange = { order: 'insertion' }
    for (const { key } of scanEntries(scope.engine, scope.space, range)) keys.push(key)
    return jsKeyOrder(keys)
  },

  getOwnPropertyDescriptor(target, key) {
    if (typeof key === 'symbol') return undefined
    const { engine, space, mode } = scopeOf(target)
    const value = engine.value(space, key, mode)
    return value === undefined ? undefined : DATA(value)
  },

  defineProperty(target, key, descriptor) {
    refuseSymbol(key)
    refuseOdd(key, descriptor, hasEntry(target, key))
    const scope = scopeOf(target)
    // Without a value, an existing property keeps the one it has.
    if (!('value' in descriptor) && hasEntry(target, key)) return true
    scope.engine.write([scope.setWrite(key, descriptor.value, undefined)])
    return true
  },

  getPrototypeOf(target) {
    return Reflect.getPrototypeOf(target)
  },

  setPrototypeOf(target, prototype) {
    if (prototype === Reflect.getPrototypeOf(target)) return true
    throw new TypeError(
      'The prototype of a persistent object cannot be changed: prototypes are not stored.',
    )
  },

  isExtensible: () => true,

  preventExtensions() {
    throw new TypeError(
      'A persistent object cannot be frozen, sealed or made non-extensible: another process may add to it.',
    )
  },
}

/** The descriptor of a property of a plain object. */
function DATA(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
}

function scopeOf(target: object): Scope {
  const scope = scopes.get(target) as Scope
  scope.assertOpen()
  return scope
}

function hasEntry(target: object, key: PropertyKey): boolean {
  const { engine, space } = scopeOf(target)
  return typeof key === 'string' && engine.has(space, key)
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

function refuseSymbol(key: string | symbol): asserts key is string {
  if (typeof key === 'symbol') {
    throw new TypeError(
      `${String(key)} is a symbol, and symbols are never stored. Use a string as the name.`,
    )
  }
}

function refuseOdd(key: string, descriptor: PropertyDescriptor, exists: boolean): void {
  if ('get' in descriptor || 'set' in descriptor) {
    throw new TypeError(
      `"${key}" cannot have a getter or setter: only data is stored. Assign a value.`,
    )
  }
  for (const attribute of ['writable', 'enumerable', 'configurable'] as const) {
    // What is left out stays as it is; for a new property that means false.
    if ((descriptor[attribute] ?? exists) === true) continue
    throw new TypeError(
      `"${key}" cannot be made non-${attribute}: a stored property is always writable, enumerable and configurable. Assign the value instead.`,
    )
  }
}

function inspected(scope: Scope, depth: number, options: InspectOptions): string {
  const { engine, space, mode } = scope
  if (scope.lease.isClosed) return '[closed PersistDict object]'
  const shown: Record<string, unknown> = {}
  let isCut = false
  for (const entry of scanEntries(engine, space, { limit: INSPECTED_ENTRIES + 1 })) {
    isCut = Object.keys(shown).length === INSPECTED_ENTRIES
    if (!isCut) Object.defineProperty(shown, entry.key, DATA(entry.value(mode)))
  }
  const text = inspect(shown, { ...options, depth })
  return isCut ? text.replace(/\s*\}$/, ',\n  … more entries\n}') : text
}
