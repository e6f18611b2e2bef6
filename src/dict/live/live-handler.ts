/**
 * The traps of live objects and arrays. The Proxy's target is the raw object itself, so that the
 * language's invariants hold by themselves and reading costs one step.
 */
import { dataDescriptor, refuseOddProperty, refuseSymbol } from '../data-property.js'
import { type LiveTree, stepOf } from './live-tree.js'

type Bag = Record<PropertyKey, unknown>

export class LiveHandler implements ProxyHandler<object> {
  readonly #root: LiveTree

  constructor(root: LiveTree) {
    this.#root = root
  }

  get(raw: object, key: PropertyKey): unknown {
    const value = (raw as Bag)[key]
    if (typeof value !== 'object' || value === null) return value
    // Inherited objects (`__proto__`) are not part of the value. A known face spares the look.
    return (
      this.#root.knownFace(value) ?? (Object.hasOwn(raw, key) ? this.#root.faceOf(value) : value)
    )
  }

  set(raw: object, key: string | symbol, value: unknown, receiver: unknown): boolean {
    refuseSymbol(key)
    if (this.#root.faceOf(raw) !== receiver) {
      // An object that inherits from the live one gets a property of its own.
      return Reflect.set(Object.create(null) as object, key, value, receiver)
    }
    const next = this.#root.adopt(value, raw, stepOf(key))
    const isThere = Object.hasOwn(raw, key)
    if (isThere && Object.is((raw as Bag)[key], next)) return true
    this.#root.willChange()
    // Defined if new, as an assignment to `__proto__` would set the prototype.
    return isThere
      ? Reflect.set(raw, key, next)
      : Reflect.defineProperty(raw, key, dataDescriptor(next))
  }

  deleteProperty(raw: object, key: string | symbol): boolean {
    if (!Object.hasOwn(raw, key)) return true
    if (Reflect.getOwnPropertyDescriptor(raw, key)?.configurable) this.#root.willChange()
    return Reflect.deleteProperty(raw, key)
  }

  getOwnPropertyDescriptor(raw: object, key: string | symbol): PropertyDescriptor | undefined {
    const descriptor = Reflect.getOwnPropertyDescriptor(raw, key)
    // An array's length, the one property that is not configurable, is a number.
    if (descriptor === undefined || !descriptor.configurable) return descriptor
    return dataDescriptor(this.#root.faceOf(descriptor.value))
  }

  defineProperty(raw: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    refuseSymbol(key)
    const isThere = Object.hasOwn(raw, key)
    if (Array.isArray(raw) && key === 'length') return this.#setLength(raw, descriptor)
    refuseOddProperty(() => this.#root.shown(key), descriptor, isThere)
    if (isThere && !('value' in descriptor)) return true
    const next = this.#root.adopt(descriptor.value, raw, stepOf(key))
    if (isThere && Object.is((raw as Bag)[key], next)) return true
    this.#root.willChange()
    return Reflect.defineProperty(raw, key, dataDescriptor(next))
  }

  setPrototypeOf(raw: object, prototype: object | null): boolean {
    if (prototype === Reflect.getPrototypeOf(raw)) return true
    throw new TypeError(
      'The prototype of a live value cannot be changed: prototypes are not stored.',
    )
  }

  preventExtensions(): boolean {
    throw new TypeError(
      'A live value cannot be frozen, sealed or made non-extensible: that is not stored.',
    )
  }

  #setLength(raw: unknown[], descriptor: PropertyDescriptor): boolean {
    if (!('value' in descriptor)) return true
    if (descriptor.value !== raw.length) this.#root.willChange()
    return Reflect.defineProperty(raw, 'length', { value: descriptor.value })
  }
}
