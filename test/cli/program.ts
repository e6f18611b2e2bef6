/** The command line in this process: with streams of ours, and a clock that the test owns. */
import { Readable } from 'node:stream'
import type { ExitCode } from '../../src/cli/exit-code.js'
import { run } from '../../src/cli/run.js'
import type { Clock } from '../../src/clock.js'
import { systemClock } from '../../src/clock.js'

export interface Outcome {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

export interface Setting {
  readonly input?: string | Uint8Array
  readonly isTerminal?: boolean
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly env?: Readonly<Record<string, string>>
  /** Called with each piece of output. */
  readonly onOutput?: (text: string) => void
  /** The same, of standard error. */
  readonly onError?: (text: string) => void
}

/** The wall clock stands still, so that deadlines can be foretold; timers go on. */
export const NOW = Date.parse('2026-01-31T12:00:00Z')
export const standing: Clock = { ...systemClock, now: () => NOW }

/** Runs a command line and collects what it prints. */
export async function persistdict(
  words: readonly string[],
  setting: Setting = {},
): Promise<Outcome> {
  const chunks: { readonly out: Buffer[]; readonly err: Buffer[] } = { out: [], err: [] }
  const stream = (name: 'out' | 'err') => ({
    isTTY: setting.isTerminal ?? false,
    columns: 80,
    rows: 24,
    write(text: string | Uint8Array) {
      chunks[name].push(Buffer.from(text))
      const told = name === 'out' ? setting.onOutput : setting.onError
      told?.(text.toString())
      return true
    },
    once: () => {},
  })
  const input = Buffer.from(setting.input ?? '')
  const code = await run(words, {
    stdin: Object.assign(Readable.from(input.length > 0 ? [input] : []), { isTTY: false }),
    stdout: stream('out'),
    stderr: stream('err'),
    env: setting.env ?? {},
    signal: setting.signal ?? new AbortController().signal,
    clock: setting.clock ?? standing,
  })
  const [out, err] = [chunks.out, chunks.err].map((list) => Buffer.concat(list).toString())
  return { code, out: out ?? '', err: err ?? '' }
}

/** What a command line prints that must succeed. */
export async function printed(words: readonly string[], setting?: Setting): Promise<string> {
  const { code, out, err } = await persistdict(words, setting)
  if (code !== 0) throw new Error(`persistdict ${words.join(' ')} exited with ${code}: ${err}`)
  return out
}
