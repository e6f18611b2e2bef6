import { visible } from './text.js'

export interface Column<T> {
  readonly title: string
  readonly of: (row: T) => string
  /** Numbers line up at their ends. @default 'start' */
  readonly align?: 'start' | 'end'
}

/** A table with a line of titles; empty without rows. Two spaces part the columns. */
export function tableOf<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  if (rows.length === 0) return ''
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ of }) => visible(of(row)).replaceAll('\n', ' '))),
  ]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => widthOf(line[at] ?? ''))))
  const lines = cells.map((line) =>
    line
      .map((cell, at) => {
        const room = ' '.repeat((widths[at] ?? 0) - widthOf(cell))
        return columns[at]?.align === 'end' ? room + cell : cell + room
      })
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** Columns that a text takes on a terminal, as far as the number of its characters tells. */
function widthOf(text: string): number {
  return [...text].length
}
