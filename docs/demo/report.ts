/** What the demo prints: progress, figures and hits. */
import type { Hit } from './search.js'

const BAR_WIDTH = 30
const BAR_INTERVAL_MS = 50
/** Without a terminal: a line for every tenth of the work. */
const LINES = 10

/** The part of process.stdout that is needed here. */
export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** A bar on a terminal, lines elsewhere. Nothing at all if there is nothing to do. */
export class Progress {
  readonly #out: Output
  readonly #total: number
  #drawnAt = Number.NEGATIVE_INFINITY
  #printedTenths = 0

  constructor(out: Output, total: number) {
    this.#out = out
    this.#total = total
  }

  update(count: number): void {
    const share = Math.min(count / this.#total, 1)
    const text = `${integer(count)} of ${integer(this.#total)} chunks embedded`
    if (!this.#out.isTTY) {
      const tenths = Math.floor(share * LINES)
      if (tenths > this.#printedTenths) this.#out.write(`  ${text}\n`)
      this.#printedTenths = tenths
      return
    }
    // A terminal is slow, and the workers need the processor more.
    if (share < 1 && performance.now() - this.#drawnAt < BAR_INTERVAL_MS) return
    this.#drawnAt = performance.now()
    const filled = Math.round(share * BAR_WIDTH)
    this.#out.write(`\r  ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${text}\x1b[K`)
  }

  /** Clears the bar, so that other lines can follow. */
  end(): void {
    if (this.#out.isTTY) this.#out.write('\r\x1b[K')
  }
}

/** Rows of a table, the first cell to the left and the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('   ')
  return rows.map((row) => `  ${line(row).trimEnd()}\n`).join('')
}

export function hitLines(query: string, hits: readonly Hit[]): string {
  const lines = hits.map(({ score, file, heading, text }) => {
    const where = heading === '' ? file : `${file}  ${heading}`
    return `  ${score.toFixed(3)}  ${where}\n         ${excerpt(text)}\n`
  })
  return `"${query}"\n${lines.join('') || '  nothing is indexed\n'}`
}

export function integer(count: number): string {
  return count.toLocaleString('en')
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

const EXCERPT_CHARS = 90

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length <= EXCERPT_CHARS ? line : `${line.slice(0, EXCERPT_CHARS).trimEnd()}…`
}
