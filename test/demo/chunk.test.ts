import { describe, expect, test } from 'vitest'
import { CHUNK_CHARS, chunksOf, OVERLAP_CHARS } from '../../docs/demo/chunk.js'

const SENTENCE = 'The quick brown fox jumps over the lazy dog near the old stone bridge. '
const textsOf = (markdown: string) => chunksOf(markdown).map(({ text }) => text)

describe('chunksOf()', () => {
  test('gives a short document as one chunk', () => {
    expect(textsOf('One.\n\nTwo.\n')).toEqual(['One.\n\nTwo.'])
  })

  test('gives nothing for a document without words', () => {
    expect(chunksOf('\n\n# \n\n---\n\n***\n')).toEqual([])
  })

  test('starts a chunk at every heading, and names the headings above it', () => {
    const chunks = chunksOf('# A\none\n## B\ntwo\n### C ###\nthree\n## D\nfour\n# E\nfive')
    expect(chunks.map(({ heading, text }) => [heading, text])).toEqual([
      ['A', 'one'],
      ['A > B', 'two'],
      ['A > B > C', 'three'],
      ['A > D', 'four'],
      ['E', 'five'],
    ])
  })

  test('knows headings that are underlined', () => {
    const chunks = chunksOf('Title\n=====\none\n\nPart\n----\ntwo\n\n---\nthree')
    expect(chunks.map(({ heading, text }) => [heading, text])).toEqual([
      ['Title', 'one'],
      ['Title > Part', 'two\n\n---\nthree'],
    ])
  })

  test('leaves out levels that a document leaves out', () => {
    expect(chunksOf('### Deep\none')[0]?.heading).toBe('Deep')
  })

  test('takes number signs and empty lines in code blocks for code', () => {
    const block = '```sh\n# install\n\nnpm install\n```'
    expect(textsOf(`# A\n\n${block}\n`)).toEqual([block])
    expect(textsOf(`~~~\n\`\`\`\n# no heading\n~~~`)).toEqual(['~~~\n```\n# no heading\n~~~'])
  })

  test('keeps every chunk below the size, with all words in their order', () => {
    const words = Array.from({ length: 2_000 }, (_, i) => `word${i}`)
    const chunks = textsOf(words.join(' '))
    expect(Math.max(...chunks.map((text) => text.length))).toBeLessThanOrEqual(CHUNK_CHARS + 2)
    expect([...new Set(chunks.join(' ').match(/\w+/g))]).toEqual(words)
  })

  test('repeats the end of a chunk at the start of the next', () => {
    const chunks = textsOf(SENTENCE.repeat(30))
    expect(chunks.length).toBeGreaterThan(2)
    for (const [i, text] of chunks.slice(1).entries()) {
      const overlap = text.slice(0, text.indexOf('\n\n'))
      expect(overlap.length).toBeGreaterThan(OVERLAP_CHARS / 2)
      expect(chunks[i]?.endsWith(overlap)).toBe(true)
    }
  })

  test('cuts text without spaces, but no character in two', () => {
    const chunks = textsOf('𝒳'.repeat(1_000))
    expect(chunks.length).toBeGreaterThan(1)
    for (const text of chunks) expect(text.isWellFormed()).toBe(true)
  })

  test('gives the same key to the same text under the same headings, and to nothing else', () => {
    const [a] = chunksOf('# License\nMIT')
    const [b] = chunksOf('\n# License\n\nMIT\n')
    const [c] = chunksOf('# Licence\nMIT')
    const [d] = chunksOf('# License\nISC')
    expect(b?.key).toBe(a?.key)
    expect(new Set([a?.key, c?.key, d?.key]).size).toBe(3)
  })
})
