/** One signal for all that can end a wait: a caller's signal, and a time. */
import type { Clock, Timer } from '../../clock.js'

export interface Stop {
  readonly signal: AbortSignal
  /** Lets go of the caller's signal and of the timer. */
  done(): void
}

/** Aborts with the reason of `outer`, or after `timeoutMs` with what `late` makes. */
export function stopAfter(
  clock: Clock,
  timeoutMs: number,
  late: () => Error,
  outer: AbortSignal | undefined,
): Stop {
  const controller = new AbortController()
  const pass = () => controller.abort(outer?.reason)
  let timer: Timer | undefined
  if (outer?.aborted) pass()
  else {
    outer?.addEventListener('abort', pass)
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      timer = clock.after(timeoutMs, () => controller.abort(late()), 'awaited')
    }
  }
  return {
    signal: controller.signal,
    done() {
      outer?.removeEventListener('abort', pass)
      timer?.cancel()
    },
  }
}
