/** What the golden records hold. Never change an entry: the records that were written stay as they are. */

export const PLAIN = { name: 'Ada', tags: ['x', 'ü'], nested: { n: 1.5, none: null, yes: true } }

const shared = { s: 1 }

/** A value that no serializer carries as it is: every one of them stores its graph. */
export const GRAPH = {
  zero: -0,
  none: undefined,
  big: -(2n ** 70n),
  text: 'lone \ud800',
  when: new Date(1_700_000_000_123),
  map: new Map<unknown, unknown>([['k', new Set([1, null])]]),
  pattern: Object.assign(/a+/gi, { lastIndex: 3 }),
  url: new URL('http://example.com/?q=1'),
  vector: Float32Array.of(0.5, -1),
  bytes: Buffer.from('bytes'),
  holes: Object.assign([1], { length: 3 }),
  odd: JSON.parse('{"__proto__":1}') as unknown,
  twice: [shared, shared],
}

/** A value that is worth compressing. */
export const LONG = { text: 'to be or not to be, '.repeat(60) }

export const VALUES: Readonly<Record<string, unknown>> = { PLAIN, GRAPH, LONG, nothing: null }
