import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import type { Io } from '../io.js'
import { positive } from '../positive.js'
import { type AnyDict, STORE, withDict } from '../store-place.js'
import { factsOf, type Look, Reports, shownFacts } from '../top-view.js'

/** To the upper left corner; and clear from there. */
const CLEAR = '\x1b[H\x1b[2J'
const DEFAULT_INTERVAL_SECONDS = 1

export const top = command({
  name: 'top',
  summary: 'Show what goes on in a store: hit rate, hottest keys, sweeper, locks, and who does it.',
  details:
    'Again every second, until Ctrl-C. Processes report while they are asked, and begin within a second; those that block their event loop, or were opened with background: "disabled", do not. READS counts in how many spans of 20 ms a key was read lately. On Redis, they hear of it as of any change, and look once a minute in case they missed it. On a terminal the screen is drawn again; else each look is printed after the one before.',
  args: [STORE],
  options: {
    interval: { type: 'string', value: 'SECONDS', about: 'Between two looks. Default: 1.' },
    limit: { type: 'string', value: 'N', about: 'End after so many looks.' },
  },
  examples: [
    { line: 'top ./cache', about: 'until Ctrl-C' },
    { line: 'top ./cache --json --limit 10', about: 'ten looks, for programs' },
  ],
  async run({ args: [place = ''], options, io, report }): Promise<ExitCode> {
    const seconds = positive(options.interval ?? String(DEFAULT_INTERVAL_SECONDS), '--interval')
    let left = options.limit === undefined ? Infinity : positive(options.limit, '--limit')
    return withDict(place, { io }, async (dict) => {
      const reports = new Reports()
      let before = io.stdout.isTTY ? CLEAR : ''
      for (;;) {
        const facts = factsOf(await lookAt(dict, io), reports)
        await report.say(facts, () => `${before}${shownFacts(facts).trimEnd()}`)
        before = io.stdout.isTTY ? CLEAR : '\n'
        if (--left <= 0) return EXIT.done
        await pause(io, seconds * 1_000)
        if (io.signal.aborted) return EXIT.interrupted
      }
    })
  },
})

async function lookAt(dict: AnyDict, { clock }: Io): Promise<Look> {
  const { store, location, sizeBytes } = await dict.stats()
  const activity = await dict.activity()
  return { at: clock.now(), store, location, entries: await dict.size(), sizeBytes, activity }
}

function pause({ clock, signal }: Io, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel()
      // One listener less: there is one pause after the other.
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(ms, end, 'awaited')
    signal.addEventListener('abort', end)
  })
}
