/**
 * Cutting Markdown into pieces that are small enough to be about one thing.
 *
 *   document -> sections (by headings) -> paragraphs and code blocks -> chunks of about 800 characters
 *
 * A chunk never crosses a heading. It starts with the last words of the chunk before it, so that a
 * sentence cut in two can still be found.
 */
import { hash } from 'node:crypto'

export interface Chunk {
  /** The same wherever the same text stands under the same headings. */
  readonly key: string
  /** The headings above the chunk, outermost first, joined by ' > '. */
  readonly heading: string
  readonly text: string
}

/** About 200 tokens: enough context for a passage to mean something by itself. */
export const CHUNK_CHARS = 800

/** What a chunk repeats of the one before. */
export const OVERLAP_CHARS = 100

const HEADING = /^(#{1,6})\s+(.*?)\s*#*\s*$/
/** Makes a heading of the line above it. */
const UNDERLINE = /^(=+|-+)\s*$/
const FENCE = /^\s*(```|~~~)/

/** The chunks of a document, in its order. One that the document repeats is there each time. */
export function chunksOf(markdown: string): Chunk[] {
  return sectionsOf(markdown).flatMap(({ heading, blocks }) =>
    packed(blocks).map((text) => ({ key: keyOf(heading, text), heading, text })),
  )
}

function keyOf(heading: string, text: string): string {
  // NUL is in no Markdown text: it keeps ('a', 'bc') and ('ab', 'c') apart.
  return hash('sha256', `${heading}\0${text}`, 'base64url')
}

interface Section {
  readonly heading: string
  /** Paragraphs and whole code blocks, without the empty lines between them. */
  readonly blocks: readonly string[]
}

function sectionsOf(markdown: string): Section[] {
  const sections: Section[] = []
  const path: string[] = []
  let blocks: string[] = []
  let block: string[] = []
  let fence: string | undefined
  const endBlock = () => {
    if (block.length > 0) blocks.push(block.join('\n'))
    block = []
  }
  const endSection = () => {
    endBlock()
    // Levels may be left out: the holes they leave are no headings.
    sections.push({ heading: path.filter(Boolean).join(' > '), blocks })
    blocks = []
  }
  const startSection = (level: number, title: string) => {
    endSection()
    path.length = level - 1
    path.push(title)
  }
  for (const line of markdown.split('\n')) {
    const mark = FENCE.exec(line)?.[1]
    if (mark !== undefined && (fence ?? mark) === mark) {
      fence = fence === undefined ? mark : undefined
      block.push(line)
    } else if (fence !== undefined) {
      // In a code block a number sign starts a comment, and empty lines part nothing.
      block.push(line)
    } else if (line.trim() === '') {
      endBlock()
    } else if (HEADING.test(line)) {
      const [, signs = '', title = ''] = HEADING.exec(line)!
      startSection(signs.length, title)
    } else if (block.length > 0 && UNDERLINE.test(line)) {
      const title = block.pop()!.trim()
      startSection(line.startsWith('=') ? 1 : 2, title)
    } else {
      block.push(line)
    }
  }
  endSection()
  return sections
}

/** Puts blocks together up to the size of a chunk, and cuts those that are larger. */
function packed(blocks: readonly string[]): string[] {
  const chunks: string[] = []
  let chunk = ''
  for (const piece of blocks.flatMap(cutToSize)) {
    if (chunk !== '' && chunk.length + piece.length > CHUNK_CHARS) {
      chunks.push(chunk)
      chunk = lastWords(chunk)
    }
    chunk = chunk === '' ? piece : `${chunk}\n\n${piece}`
  }
  // A section without text has no chunk.
  if (/[\p{L}\p{N}]/u.test(chunk)) chunks.push(chunk)
  return chunks
}

function cutToSize(block: string): string[] {
  const pieces: string[] = []
  let rest = block
  // With the overlap in front a piece still fits into one chunk.
  const limit = CHUNK_CHARS - OVERLAP_CHARS
  while (rest.length > limit) {
    const at = cutAt(rest, limit)
    pieces.push(rest.slice(0, at).trimEnd())
    rest = rest.slice(at).trimStart()
  }
  if (rest !== '') pieces.push(rest)
  return pieces
}

/** The best place to cut in the second half of the first `limit` characters. */
function cutAt(text: string, limit: number): number {
  for (const end of ['\n', '. ', ' ']) {
    const at = text.lastIndexOf(end, limit - end.length)
    if (at > limit / 2) return at + end.length
  }
  return isLowSurrogate(text, limit) ? limit - 1 : limit
}

function lastWords(chunk: string): string {
  const tail = chunk.slice(-OVERLAP_CHARS)
  const space = tail.search(/\s/)
  if (space >= 0) return tail.slice(space).trim()
  return isLowSurrogate(tail, 0) ? tail.slice(1) : tail
}

/** Whether cutting here would cut a character in two. */
function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}
