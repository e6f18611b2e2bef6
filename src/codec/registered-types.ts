/** Classes that the user taught the dict to store. */
import { OptionError } from '../errors/option-error.js'

/** How instances of one class are stored. */
export interface RegisteredType<T extends object = object, D = unknown> {
  /** The class itself; subclasses are types of their own. */
  readonly class: abstract new (
    ...args: never[]
  ) => T
  /** The data of an instance: any value that can be stored. It must not contain the instance. */
  serialize(instance: T): D
  /** A new instance of that data. */
  deserialize(data: D): T
}

/** Registered types by the names under which they are stored. */
export type TypeMap = Readonly<Record<string, RegisteredType>>

export class RegisteredTypes {
  readonly #byName: ReadonlyMap<string, RegisteredType>
  readonly #nameByPrototype = new Map<object, string>()

  /** Throws OptionError for a class that is registered twice. */
  constructor(types: TypeMap) {
    this.#byName = new Map(Object.entries(types))
    for (const [name, type] of this.#byName) {
      const prototype = type.class.prototype as object
      const other = this.#nameByPrototype.get(prototype)
      if (other !== undefined) {
        throw new OptionError('types', `"${name}" and "${other}" register the same class.`)
      }
      this.#nameByPrototype.set(prototype, name)
    }
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0
  }

  /** The name under which an object's class is registered; undefined if it is not. */
  nameOf(value: object): string | undefined {
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === null ? undefined : this.#nameByPrototype.get(prototype as object)
  }

  /** The data of an instance of that type. */
  dataOf(name: string, instance: object): unknown {
    return this.#type(name).serialize(instance)
  }

  /** A new instance. Throws RangeError for a name that is not registered. */
  instanceOf(name: string, data: unknown): object {
    return this.#type(name).deserialize(data)
  }

  #type(name: string): RegisteredType {
    const type = this.#byName.get(name)
    if (type === undefined) {
      throw new RangeError(`it holds a "${name}", and no such type was given to open() as types`)
    }
    return type
  }
}

export const NO_TYPES = new RegisteredTypes({})
