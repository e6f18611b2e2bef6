/** The heap of deadlines, against a plain list. */
import { expect, test } from 'vitest'
import { DeadlineHeap } from '../../src/expiry/deadline-heap.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

test('a million overwrites of 1,000 keys leave 1,000 entries, each with its last deadline (V9)', () => {
  const heap = new DeadlineHeap(50_000)
  for (let n = 0; n < 1_000_000; n++) heap.set(`k${n % 1_000}`, n ^ 0x5555)
  expect(heap.size).toBe(1_000)
  const left = new Map<string, number>()
  for (let n = 999_000; n < 1_000_000; n++) left.set(`k${n % 1_000}`, n ^ 0x5555)
  let before = 0
  for (let item = heap.popDue(2 ** 40); item !== undefined; item = heap.popDue(2 ** 40)) {
    expect([left.get(item.id), item.deadline >= before]).toEqual([item.deadline, true])
    before = item.deadline
    left.delete(item.id)
  }
  expect(left.size).toBe(0)
})

test('a million different keys take no more than the bound, and what was dropped is at the horizon or later', () => {
  const heap = new DeadlineHeap(1_000)
  const deadlines: number[] = []
  let largest = 0
  for (let n = 0; n < 1_000_000; n++) {
    const deadline = (n * 7_919) % 1_000_003
    deadlines.push(deadline)
    heap.set(`k${n}`, deadline)
    largest = Math.max(largest, heap.size)
  }
  expect(largest).toBe(1_000)
  deadlines.sort((a, b) => a - b)
  const popped: number[] = []
  for (let item = heap.popDue(heap.horizon - 1); item !== undefined; ) {
    popped.push(item.deadline)
    item = heap.popDue(heap.horizon - 1)
  }
  // Everything before the horizon is here, nothing missing.
  expect(popped).toEqual(deadlines.filter((deadline) => deadline < heap.horizon))
  expect(popped.length).toBeGreaterThan(400)
})

test('set(), delete() and popDue() in any order do what a sorted list does', () => {
  const { below } = randomOf(seedOf('deadline heap'))
  const heap = new DeadlineHeap(1_000)
  const model = new Map<string, number>()
  for (let step = 0; step < 20_000; step++) {
    const id = `k${below(50)}`
    const dice = below(10)
    if (dice < 6) {
      const deadline = below(1_000)
      heap.set(id, deadline)
      model.set(id, deadline)
    } else if (dice < 8) {
      heap.delete(id)
      model.delete(id)
    } else {
      const now = below(1_000)
      const soonest = Math.min(...model.values())
      const item = heap.popDue(now)
      expect(item?.deadline).toBe(soonest <= now ? soonest : undefined)
      if (item !== undefined) {
        expect(model.get(item.id)).toBe(item.deadline)
        model.delete(item.id)
      }
    }
    expect([heap.size, heap.next]).toEqual([
      model.size,
      model.size === 0 ? undefined : Math.min(...model.values()),
    ])
  }
})
