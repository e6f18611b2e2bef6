/** Where the parts of a value are, for `ignore` and for messages. */

/** Where a part is. Written out only when somebody asks: most keys are made without. */
export interface Place {
  readonly parent: Place | undefined
  /** As `ignore` names it; empty for what has no name of its own there. */
  readonly name: string
  /** As people write it. */
  readonly step: 'root' | 'property' | 'index' | 'argument' | 'key' | 'value' | 'member'
  readonly depth: number
}

export const ROOT: Place = { parent: undefined, name: '', step: 'root', depth: 0 }

export function within(parent: Place, step: Place['step'], name: string): Place {
  return { parent, name, step, depth: parent.depth + 1 }
}

/** The path by which `ignore` names a place: from the argument, if it is in one. */
export function nameOf({ parent, step, name }: Place): string {
  if (parent === undefined || step === 'argument') return ''
  const before = nameOf(parent)
  return before === '' ? name : `${before}.${name}`
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

export function pathOf({ parent, step, name }: Place): string {
  if (parent === undefined) return ''
  const before = pathOf(parent)
  switch (step) {
    case 'index':
    case 'argument':
      return `${before}[${name}]`
    case 'key':
    case 'value':
      return `${before}<${name}>.${step}`
    case 'member':
      return `${before}<${name}>`
    default:
      if (!IDENTIFIER.test(name)) return `${before}[${JSON.stringify(name)}]`
      return before === '' ? name : `${before}.${name}`
  }
}
