/** What is pending, compared with a Map that is kept in order at each write. */
import { expect, test } from 'vitest'
import { PendingWrites } from '../../src/engine/pending-writes.js'
import type { Write } from '../../src/engine/write.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const RUNS = 200
const OVERHEAD_BYTES = 256

/** A write of which only its kind and a number tell it from others. */
function writeOf(kind: 'set' | 'delete', key: string, bytes: number): Write {
  const payload = { bytes: new Uint8Array(bytes) }
  return { kind, key, ...(kind === 'set' && { payload, isNew: false }) } as unknown as Write
}

class Model {
  readonly writes = new Map<string, Write>()

  add(id: string, write: Write): void {
    const before = this.writes.get(id)
    const isAgain = before?.kind === 'delete' && write.kind === 'set'
    const isNew = isAgain || (before?.kind === 'set' && before.isNew)
    if (isAgain) this.writes.delete(id)
    this.writes.set(id, write.kind === 'set' && isNew ? { ...write, isNew: true } : write)
  }

  get sizeBytes(): number {
    const weights = [...this.writes.values()].map(
      (write) =>
        OVERHEAD_BYTES +
        write.key.length * 2 +
        (write.kind === 'set' ? write.payload.bytes.length : 0),
    )
    return weights.reduce((sum, weight) => sum + weight, 0)
  }
}

/** What is applied, in the order of versions; the order in which it came is that of the keys. */
function applied(pending: PendingWrites): [string, Write][] {
  const found: { key: string; write: Write; version: number }[] = []
  let versions = 0
  pending.applyByKey({
    tx: { nextVersion: () => versions++ },
    apply: (write, version) => found.push({ key: write.key, write, version }),
  })
  const keys = found.map(({ key }) => key)
  expect(keys).toEqual([...keys].sort())
  return found.sort((a, b) => a.version - b.version).map(({ key, write }) => [key, write])
}

test('pending writes are applied once a key, as the newest says, in the order of insertion', () => {
  const random = randomOf(seedOf('pending writes'))
  for (let run = 0; run < RUNS; run++) {
    const pending = new PendingWrites()
    const model = new Model()
    const keys = Array.from({ length: random.pick([1, 3, 100]) }, (_, at) => `key ${at}`)
    // None asks, some ask, or each does.
    const asks = random.pick([0, 0.1, 1])
    for (let left = random.pick([1, 10, 300]); left > 0; left--) {
      const key = random.pick(keys)
      if (random.below(1000) < asks * 1000) {
        const asked = random.pick([key, random.pick(keys)])
        expect(pending.get(asked)).toEqual(model.writes.get(asked))
      }
      const write = writeOf(random.pick(['set', 'set', 'delete']), key, random.below(50))
      pending.add(key, write)
      model.add(key, write)
    }
    expect(applied(pending)).toEqual([...model.writes])
    expect(new Set(pending.ids())).toEqual(new Set(model.writes.keys()))
    expect(pending.exceeds(model.writes.size, model.sizeBytes)).toBe(false)
    expect(pending.exceeds(model.writes.size - 1, model.sizeBytes)).toBe(true)
    expect(pending.exceeds(model.writes.size, model.sizeBytes - 1)).toBe(true)
    expect(pending.count).toBe(model.writes.size)
    expect(applied(pending)).toEqual([...model.writes])
    pending.clear()
    expect([pending.isEmpty, pending.count, pending.get('key 0')]).toEqual([true, 0, undefined])
  }
})

test('a key that is set again and again stays one pending write', () => {
  const pending = new PendingWrites()
  for (let at = 0; at < 10_000; at++) {
    pending.add('key', writeOf('set', 'key', 10))
    expect(pending.exceeds(100, 100_000)).toBe(false)
  }
  expect([...pending.ids()].length).toBeLessThanOrEqual(101)
})
