import { describe, expect, test } from 'vitest'
import { DIMENSIONS, embed, similarity } from '../../docs/demo/embed.js'

const LOCKS = 'A write transaction takes the lock, so that no other process writes meanwhile.'

describe('embed()', () => {
  test('gives a vector of length 1', () => {
    const vector = embed(LOCKS)
    expect(vector).toBeInstanceOf(Float32Array)
    expect(vector.length).toBe(DIMENSIONS)
    expect(similarity(vector, vector)).toBeCloseTo(1, 5)
  })

  test('gives the same vector each time', () => {
    expect(embed(LOCKS)).toEqual(embed(LOCKS))
  })

  test('does not look at case, punctuation or the form of Unicode', () => {
    expect(embed('Café: naïve!')).toEqual(embed('cafe\u0301 NAI\u0308VE'))
  })

  test('gives zeros for a text without words', () => {
    expect(embed('--- ☂ ---').every((x) => x === 0)).toBe(true)
    expect(embed('the of and').every((x) => x === 0)).toBe(true)
  })

  test('puts texts with common words near each other, and others at a right angle', () => {
    const near = similarity(embed(LOCKS), embed('the process that writes holds a lock'))
    const far = similarity(embed(LOCKS), embed('colours for terminal output'))
    expect(near).toBeGreaterThan(0.3)
    expect(Math.abs(far)).toBeLessThan(0.15)
  })

  test('tells the order of words', () => {
    const query = embed('cache miss')
    expect(similarity(query, embed('cache miss'))).toBeGreaterThan(
      similarity(query, embed('miss cache')) + 0.05,
    )
  })

  test('forgives another ending', () => {
    expect(similarity(embed('embedding'), embed('embeddings'))).toBeGreaterThan(0.4)
  })
})
