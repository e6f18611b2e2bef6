/** The pages that users read, and the code blocks in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

export interface Page {
  /** Relative to the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

export interface Block {
  /** The line of the page on which the code starts, from 1. */
  readonly line: number
  readonly language: string
  /** What follows the language: `run`, `more`, the name of a file, or nothing. */
  readonly mark: string
  readonly code: string
}

/** README.md, CHANGELOG.md and all Markdown below docs. */
export function pages(): Page[] {
  const docs = readdirSync(join(REPOSITORY, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(REPOSITORY, join(entry.parentPath, entry.name)).split(sep).join('/'))
  return ['README.md', 'CHANGELOG.md', ...docs.sort()].map(page)
}

export function page(path: string): Page {
  return { path, text: readFileSync(join(REPOSITORY, path), 'utf8') }
}

const FENCE = /^```(\w*)[ \t]*([\w./-]*)\n([\s\S]*?)^```$/gm

/** The fenced blocks of a page, in its order. */
export function blocksOf({ text }: Page): Block[] {
  return Array.from(
    text.matchAll(FENCE),
    ({ index, 1: language = '', 2: mark = '', 3: code = '' }) => ({
      line: text.slice(0, index).split('\n').length + 1,
      language,
      mark,
      code,
    }),
  )
}

/** The text of a page without its code blocks. */
export function prose({ text }: Page): string {
  return text.replace(FENCE, '')
}
