/** What commands print: lines and tables for people, or JSON lines for programs. */
import type { Io, OutputStream } from '../io.js'
import { Turns } from '../turns.js'
import { type Column, tableOf } from './table.js'
import { visible } from './text.js'

export class Report {
  readonly isJson: boolean
  readonly #out: OutputStream
  readonly #signal: AbortSignal
  readonly #turns: Turns

  constructor(io: Pick<Io, 'stdout' | 'signal'>, isJson: boolean) {
    this.#out = io.stdout
    this.#signal = io.signal
    this.#turns = new Turns(io.signal)
    this.isJson = isJson
  }

  /** A line for people. */
  line(text: string): Promise<void> {
    return this.write(`${text}\n`)
  }

  /** A value for programs, on one line. */
  json(value: unknown): Promise<void> {
    return this.write(`${JSON.stringify(value)}\n`)
  }

  /** The value for programs, or the text for people. */
  say(value: unknown, text: () => string): Promise<void> {
    return this.isJson ? this.json(value) : this.line(text())
  }

  /** Rows as a table for people, or each as JSON. */
  async table<T extends object>(rows: readonly T[], columns: readonly Column<T>[]): Promise<void> {
    if (this.isJson) for (const row of rows) await this.json(row)
    else await this.write(tableOf(rows, columns))
  }

  /** Facts with their names, one a line, for people; or one object. */
  async facts(facts: Readonly<Record<string, unknown>>, shown: readonly Fact[]): Promise<void> {
    if (this.isJson) return this.json(facts)
    const width = Math.max(...shown.map(([name]) => name.length))
    const lines = shown.map(([name, text]) => `${name.padEnd(width)}  ${visible(text)}\n`)
    await this.write(lines.join(''))
  }

  /** Resolves when there is room for more. */
  async write(text: string | Uint8Array): Promise<void> {
    await this.#turns.step()
    if (this.#out.write(text)) return
    await new Promise<void>((resolve) => {
      this.#out.once('drain', resolve)
      this.#signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}

export type Fact = readonly [name: string, text: string]
