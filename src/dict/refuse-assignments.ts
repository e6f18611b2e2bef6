/**
 * An assignment to a property of the dict itself, where the object view was meant, would be kept in
 * memory and be lost with the process. It throws instead.
 *
 * An assignment of a name that is nowhere on an object asks its prototypes, the last one included. So
 * a proxy there sees just those, and calls of methods, which are found before, cost nothing more.
 */
const beyond = new Proxy(
  {},
  {
    set(target, name, value, receiver) {
      // Symbols are how tools mark objects. Nobody takes one for an entry.
      if (typeof name === 'symbol') return Reflect.set(target, name, value, receiver)
      // Without the name: an encrypted dict shows none.
      throw new TypeError(
        'A property that is assigned to a dict would not be saved. Use its set(), or assign to its object view, such as dict.object.',
      )
    },
  },
)

/** Makes instances of a class refuse properties that it does not have. */
export function refuseAssignments(prototype: object): void {
  Object.setPrototypeOf(prototype, beyond)
}
