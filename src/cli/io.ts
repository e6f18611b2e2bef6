/** What a command has of the world: given by bin.ts, or by a test. */
import type { Clock } from '../clock.js'

/** A stream that is written to: standard output or standard error. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined
  /** Width of the terminal. */
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  /** False if `'drain'` is to be waited for. */
  write(text: string | Uint8Array): boolean
  once(event: 'drain', listener: () => void): unknown
}

export type InputStream = AsyncIterable<string | Uint8Array> & {
  readonly isTTY?: boolean | undefined
}

export interface Io {
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted when the user wants the command to end. */
  readonly signal: AbortSignal
  /** The clock of deadlines. */
  readonly clock: Clock
}
