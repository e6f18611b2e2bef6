import { expect, test } from 'vitest'
import { SortedList } from '../../src/store/sorted-list.js'
import { withSeed } from '../../src/testing/random.js'

interface Item {
  readonly rank: number
  readonly text: string
}

const byRank = (a: { rank: number }, b: { rank: number }) => a.rank - b.rank

test('a sorted list equals a sorted array, over many chunks', () => {
  withSeed((random) => {
    const list = new SortedList<{ rank: number }, Item>(byRank)
    const model = new Map<number, Item>()
    for (let round = 0; round < 40; round++) {
      const isGrowing = round % 10 < 6
      for (let change = 0; change < 500; change++) {
        const rank = random.below(12_000)
        const before = model.get(rank)
        if (random.chance(isGrowing ? 0.9 : 0.1)) {
          const item = { rank, text: `${round}` }
          expect(list.add(item)).toBe(before)
          model.set(rank, item)
        } else {
          expect(list.remove({ rank })).toBe(before)
          model.delete(rank)
        }
      }
      const sorted = [...model.values()].sort(byRank)
      const rank = random.below(12_000)
      expect([...list.upFrom()]).toEqual(sorted)
      expect([...list.downFrom()]).toEqual(sorted.toReversed())
      expect([...list.upFrom({ rank })]).toEqual(sorted.filter((item) => item.rank >= rank))
      const below = sorted.filter((item) => item.rank < rank)
      expect([...list.downFrom({ rank })]).toEqual(below.toReversed())
      expect(list.find({ rank })).toBe(model.get(rank))
    }
  })
})

test('a sorted list takes items in order, and gives them up from either end', () => {
  for (const fromTop of [false, true]) {
    const list = new SortedList<Item, Item>(byRank)
    const items = Array.from({ length: 5_000 }, (_, rank) => ({ rank, text: '' }))
    for (const item of items) expect(list.add(item)).toBeUndefined()
    expect([...list.upFrom()]).toEqual(items)
    for (const item of fromTop ? items.toReversed() : items) {
      const [end] = fromTop ? list.downFrom() : list.upFrom()
      expect(end).toBe(item)
      expect(list.remove(item)).toBe(item)
    }
    expect([...list.upFrom()]).toEqual([])
    expect([...list.downFrom()]).toEqual([])
    expect(list.find({ rank: 1, text: '' })).toBeUndefined()
    expect(list.remove({ rank: 1, text: '' })).toBeUndefined()
  }
})
