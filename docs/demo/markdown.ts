/** Finding and reading the Markdown files of a folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

export interface MarkdownFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** The paths of all Markdown files below a folder, sorted. Links are not followed. */
export function markdownPaths(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(md|markdown)$/i.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

export function readMarkdown(folder: string, path: string): MarkdownFile {
  const text = readFileSync(join(folder, path), 'utf8')
  // One form of line end, so that the same text has the same chunks whoever saved it.
  return { path, text: text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n') }
}
