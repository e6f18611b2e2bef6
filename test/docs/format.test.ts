/** docs/FORMAT.md shows records that the code makes of the bytes, and names every bucket. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeRecord } from '../../src/codec/record.js'
import { knownSerializer } from '../../src/codec/serializer.js'
import { payloadOf, ValueCodec } from '../../src/codec/value-codec.js'
import { blocksOf, page, REPOSITORY } from './pages.js'

const CODECS = (['msgpack', 'json'] as const).map((name) => new ValueCodec(knownSerializer(name)))
const STORAGE_KEY = Buffer.from('01616461', 'hex')
const HEX_LINE = /^[0-9a-f]{8} 01 [0-9a-f ]+$/gm

const VECTORS = blocksOf(page('docs/FORMAT.md'))
  .flatMap(({ code }) => code.match(HEX_LINE) ?? [])
  .map((line) => line.replaceAll(' ', ''))

test('docs/FORMAT.md shows three golden vectors', () => {
  expect(VECTORS).toHaveLength(3)
})

test.each(VECTORS)('%s is a record of { name: "Ada" }', (hex) => {
  const record = decodeRecord(STORAGE_KEY, Buffer.from(hex, 'hex'))
  const codec = CODECS.find(({ serializer }) => serializer.code === record.serializer)
  expect(codec?.decode(payloadOf(record))).toEqual({ name: 'Ada' })
  expect(record).toMatchObject({ seq: 128, createdAt: 1_700_000_000_000, isPlain: true })
  if (record.expiresAt === 0) expect(record).toMatchObject({ version: 128, tags: [] })
  else {
    expect(record).toMatchObject({ version: 192, updatedAt: 1_700_000_001_000, tags: ['users'] })
    expect(record.expiresAt).toBe(1_700_000_600_000)
  }
})

test('docs/FORMAT.md names every bucket of src/engine', () => {
  const sources = readdirSync(join(REPOSITORY, 'src/engine'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(REPOSITORY, 'src/engine', path), 'utf8'))
  const buckets = sources.flatMap((source) =>
    Array.from(source.matchAll(/^export const [A-Z]+ = '([a-z]+)'$/gm), ([, name = '']) => name),
  )
  expect(buckets).toContain('rows')
  const { text } = page('docs/FORMAT.md')
  expect(buckets.filter((name) => !RegExp(`^\\| \`"?${name}"?\` \\|`, 'm').test(text))).toEqual([])
})

test.each(['docs/FORMAT.md', 'docs/stores/redis.md'])('%s names all that is in a Redis', (path) => {
  const source = readFileSync(join(REPOSITORY, 'src/store/redis/key-names.ts'), 'utf8')
  const names = Array.from(source.matchAll(/^ \* {5}(\{prefix\}\S+)/gm), ([, name = '']) => name)
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => !page(path).text.includes(`\`${name}\``))).toEqual([])
})
