/** How far long work has got: a line on standard error that is drawn again, on a terminal only. */
import type { Io } from '../io.js'

/** Drawing more often only flickers. */
const DRAW_MS = 100
const BAR_WIDTH = 24

/** Takes the line away: back to its start, and clear to its end. */
const CLEAR = '\r\x1b[K'

export interface Progress {
  /** So much is done. */
  at(done: number): void
  /** Takes the line away. May be called twice. */
  end(): void
}

/** `total` is undefined if nobody knows it; then the count alone is shown. */
export function progressOf(io: Io, what: string, total: number | undefined): Progress {
  const { stderr, clock } = io
  if (stderr.isTTY !== true) return { at: () => {}, end: () => {} }
  let drawnAt = Number.NEGATIVE_INFINITY
  let isDrawn = false
  return {
    at(done) {
      const now = clock.monotonic()
      if (now - drawnAt < DRAW_MS) return
      drawnAt = now
      isDrawn = true
      stderr.write(`${CLEAR}${what} ${total === undefined ? done : bar(done, total)}`)
    },
    end() {
      if (isDrawn) stderr.write(CLEAR)
      isDrawn = false
    },
  }
}

function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const full = Math.round(share * BAR_WIDTH)
  const drawn = '#'.repeat(full) + '-'.repeat(BAR_WIDTH - full)
  return `[${drawn}] ${Math.floor(share * 100)}% ${done}/${total}`
}
