/** The one kind of property that can be stored: data, writable, enumerable, configurable. */

/** The descriptor of such a property. */
export function dataDescriptor(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
}

export function refuseSymbol(key: string | symbol): asserts key is string {
  if (typeof key === 'symbol') {
    throw new TypeError(
      `${String(key)} is a symbol, and symbols are never stored. Use a string as the name.`,
    )
  }
}

/** Throws TypeError for a descriptor that asks for any other kind of property. */
export function refuseOddProperty(
  shown: () => string,
  descriptor: PropertyDescriptor,
  exists: boolean,
): void {
  if ('get' in descriptor || 'set' in descriptor) {
    throw new TypeError(
      `"${shown()}" cannot have a getter or setter: only data is stored. Assign a value.`,
    )
  }
  for (const attribute of ['writable', 'enumerable', 'configurable'] as const) {
    // What is left out stays as it is; for a new property that means false.
    if ((descriptor[attribute] ?? exists) === true) continue
    throw new TypeError(
      `"${shown()}" cannot be made non-${attribute}: a stored property is always writable, enumerable and configurable. Assign the value instead.`,
    )
  }
}
