import { INITIALISED, META } from '../engine/format-identity.js'
import type { Scope } from './scope.js'

/** Sets the initial entries of a store that was never opened before, in one transaction. */
export function insertInitial(scope: Scope, initial: object | undefined): void {
  const { engine } = scope
  if (engine.reader().get(META, INITIALISED) !== undefined) return
  const writes = Object.entries(initial ?? {}).map(([key, value]) =>
    scope.setWrite(scope.key(key), value, undefined),
  )
  engine.transaction((session) => {
    // Another process may have come first.
    if (session.tx.get(META, INITIALISED) !== undefined) return
    session.tx.put(META, INITIALISED, Uint8Array.of(1), 0)
    if (writes.length > 0) engine.write(writes)
  })
}
