/** What console.log() shows of a dict and of its object view: the first entries. */
import { type InspectOptions, inspect } from 'node:util'
import type { Entry } from '../engine/entry.js'
import { scanEntries } from '../engine/scan.js'
import { UnreadableRecordError } from '../errors/value-errors.js'
import { dataDescriptor } from './data-property.js'
import type { Scope } from './scope.js'

/** Enough to see what is there, and no more than a terminal can hold. */
const INSPECTED_ENTRIES = 100

export function inspectedView(scope: Scope, depth: number, options: InspectOptions): string {
  if (scope.handle.isClosed) return '[closed PersistDict object]'
  const { entries, isCut } = firstEntries(scope)
  const shown = {}
  for (const [key, value] of entries) Object.defineProperty(shown, key, dataDescriptor(value))
  return cut(inspect(shown, { ...options, depth }), isCut)
}

/**
 * As console.log() shows a Map, whatever the types of its keys. A dict is printed with whatever holds it,
 * so one that is encrypted tells nothing unless debugKeys asks.
 */
export function inspectedDict(scope: Scope, depth: number, options: InspectOptions): string {
  if (scope.handle.isClosed) return '[closed PersistDict]'
  if (scope.engine.codec.isDiscreet) return '[encrypted PersistDict]'
  if (depth < 0) return '[PersistDict]'
  const { entries, isCut } = firstEntries(scope)
  const shown = new Map(entries.map(([key, value]) => [scope.userKey(key), value]))
  const text = inspect(shown, { ...options, depth, maxArrayLength: INSPECTED_ENTRIES })
  const count = isCut ? `more than ${INSPECTED_ENTRIES}` : entries.length
  return cut(text.replace(/^Map\(\d+\)/, `PersistDict(${count})`), isCut)
}

function firstEntries(scope: Scope) {
  const { engine, space } = scope
  const scan = scanEntries(engine, space, { limit: INSPECTED_ENTRIES + 1 }, 'copy')
  const found = Array.from(scan, (entry) => [entry.key, shownValue(entry)] as const)
  return { entries: found.slice(0, INSPECTED_ENTRIES), isCut: found.length > INSPECTED_ENTRIES }
}

/** Looking at a dict must not throw: that is what one does when something is wrong. */
function shownValue(entry: Entry): unknown {
  try {
    return entry.value('copy')
  } catch (error) {
    if (error instanceof UnreadableRecordError) return error
    throw error
  }
}

function cut(text: string, isCut: boolean): string {
  return isCut ? text.replace(/\s*\}$/, ',\n  … more entries\n}') : text
}
