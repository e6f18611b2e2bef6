/** Verifying a store when it is opened, if that was asked for. */
import type { RemoteEngine } from '../engine/async/remote-engine.js'
import type { Engine } from '../engine/engine.js'
import type { VerifyReport } from '../engine/upkeep/finding.js'
import { Verification, verifyAtOnce } from '../engine/upkeep/verify.js'
import { IntegrityError } from '../errors/integrity-error.js'
import type { CheckMode } from './open-options.js'

/** Slices of a background check, in milliseconds: others' work goes first. */
const SLICE_MS = 4

/** Throws IntegrityError if a blocking check finds something; `tell` hears of a background one. */
export function checkAtOpen(engine: Engine, mode: CheckMode, tell: (error: unknown) => void): void {
  if (mode === 'blocking') {
    const report = verifyAtOnce(engine)
    if (report.findings > 0) throw integrityError(engine, report)
  }
  if (mode === 'background') checkInBackground(engine, tell)
}

/** In turns of its own that keep no process alive. Ends with the engine. */
function checkInBackground(engine: Engine, tell: (error: unknown) => void): void {
  let verification: Verification | undefined
  const go = (): void => {
    // With the engine goes its store, and with that the snapshot.
    if (engine.isClosed) return
    try {
      verification ??= new Verification(engine, {})
      if (verification.slice(SLICE_MS)) {
        engine.clock.endOfTurn(go)
        return
      }
      const report = verification.report()
      if (report.findings > 0) tell(integrityError(engine, report))
    } catch (error) {
      tell(error)
    }
    verification?.close()
  }
  engine.clock.endOfTurn(go)
}

/**
 * The same over an AsyncStore. One in the background ends with the engine; until then it keeps the
 * process alive, as any call that waits for a server does.
 */
export async function checkRemoteAtOpen(
  engine: RemoteEngine,
  mode: CheckMode,
  tell: (error: unknown) => void,
): Promise<void> {
  const check = async (): Promise<void> => {
    const report = await engine.upkeep.verify({})
    if (report.findings > 0) throw integrityError(engine, report)
  }
  if (mode === 'blocking') await check()
  if (mode === 'background') {
    check().catch((error) => {
      if (!engine.isClosed) tell(error)
    })
  }
}

function integrityError(
  engine: Engine | RemoteEngine,
  { findings, details }: VerifyReport,
): IntegrityError {
  return new IntegrityError(engine.store.location, findings, details)
}
