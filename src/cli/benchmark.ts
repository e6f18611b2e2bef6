/** What "bench" measures: each kind of call, for a while, one after the other. */
import { type Clock, nextTurn } from '../clock.js'

/** A dict of either kind, as far as it is measured. */
export interface Measured {
  set(key: string, value: unknown): unknown
  get(key: string): unknown
  delete(key: string): unknown
  flush(): Promise<void>
  clearCache(): void
  entries(): Iterable<unknown> | AsyncIterable<unknown>
}

export interface Measure {
  readonly operation: string
  readonly calls: number
  readonly seconds: number
}

/** So many keys are used, again and again. */
const KEYS = 10_000
/** Others have their turn so often, Ctrl-C too: a dict that answers at once would never give it. */
const TURN_MS = 50
/** Between looks at the clock. */
const CALLS = 64

export async function measure(
  dict: Measured,
  value: unknown,
  clock: Clock,
  seconds: number,
  signal: AbortSignal,
  onMeasure: (measure: Measure) => Promise<void>,
): Promise<void> {
  const key = (at: number) => `key ${at % KEYS}`
  const run = async (operation: string, call: (at: number) => unknown, end?: () => unknown) => {
    const startedAt = clock.monotonic()
    const deadline = startedAt + seconds * 1_000
    let calls = 0
    let turnAt = startedAt + TURN_MS
    do {
      for (let left = CALLS; left > 0; left--) {
        const result = call(calls++)
        // Awaiting what is no promise would be measured, too.
        if (result instanceof Promise) await result
        if (clock.monotonic() >= deadline) break
      }
      if (clock.monotonic() < turnAt) continue
      await nextTurn()
      signal.throwIfAborted()
      turnAt = clock.monotonic() + TURN_MS
    } while (clock.monotonic() < deadline)
    await end?.()
    await onMeasure({ operation, calls, seconds: (clock.monotonic() - startedAt) / 1_000 })
    return calls
  }

  const written = await run(
    'set, many on disk at once',
    (at) => dict.set(key(at), value),
    () => dict.flush(),
  )
  await run('set, each on disk', async (at) => {
    await dict.set(key(at), value)
    await dict.flush()
  })
  const present = Math.min(written, KEYS)
  dict.clearCache()
  await run('get, from the store', (at) => {
    if (at % present === 0) dict.clearCache()
    return dict.get(key(at % present))
  })
  await run('get, again and again', () => dict.get(key(0)))
  const startedAt = clock.monotonic()
  let walked = 0
  for await (const _ of dict.entries()) walked++
  const walkSeconds = (clock.monotonic() - startedAt) / 1_000
  await onMeasure({ operation: 'walk through entries', calls: walked, seconds: walkSeconds })
  await run(
    'delete, many on disk at once',
    (at) => dict.delete(key(at)),
    () => dict.flush(),
  )
}
