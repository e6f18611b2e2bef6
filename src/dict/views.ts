/** Which dict an object view shows. Views themselves have no property that could tell. */
const dicts = new WeakMap<object, { toObject(): object }>()

export function registerView(view: object, dict: { toObject(): object }): void {
  dicts.set(view, dict)
}

/** Undefined for anything that is no object view. */
export function dictBehind(view: object): { toObject(): object } | undefined {
  return dicts.get(view)
}
