/** Instances of classes that were given to open() as types. */
import { describe, expect, test } from 'vitest'
import {
  OptionError,
  open,
  UnpersistableValueError,
  UnreadableRecordError,
} from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { newStore, STORE_KINDS } from '../dict/opened.js'
import { tempDirectory } from '../processes/temp-directory.js'

class Point {
  readonly x: number
  readonly y: number
  constructor(x: number, y: number) {
    this.x = x
    this.y = y
  }
  get length(): number {
    return Math.hypot(this.x, this.y)
  }
}

class Point3 extends Point {}

class Tree {
  readonly children: unknown[]
  constructor(children: unknown[]) {
    this.children = children
  }
}

const types = {
  Point: {
    class: Point,
    serialize: ({ x, y }: Point) => ({ x, y }),
    deserialize: ({ x, y }: { x: number; y: number }) => new Point(x, y),
  },
  Tree: {
    class: Tree,
    serialize: (tree: Tree) => tree.children,
    deserialize: (children: unknown[]) => new Tree(children),
  },
}

describe.each(STORE_KINDS)('registered classes on %s', (kind) => {
  test.each(['msgpack', 'json', 'structured'] as const)(
    'set() with the serializer %s brings instances back at any depth, shared ones shared',
    (serializer) => {
      const dict = open(newStore(kind), { types, serializer })
      const point = new Point(3, 4)
      dict.set('value', {
        point,
        again: point,
        map: new Map([[point, new Tree([point, new Tree([])])]]),
      })
      dict.flushSync()
      dict.clearCache()
      const value = dict.get('value') as { point: Point; again: Point; map: Map<Point, Tree> }
      expect(value.point).toBeInstanceOf(Point)
      expect(value.point.length).toBe(5)
      expect(value.again).toBe(value.point)
      const tree = value.map.get(value.point)
      expect(tree?.children[0]).toBe(value.point)
      expect(tree?.children[1]).toEqual(new Tree([]))
      dict.close()
    },
  )
})

test('reading an instance without its type throws, and leaves the record as it is', () => {
  const path = tempDirectory()
  const first = open(path, { types })
  first.set('point', new Point(1, 2))
  first.close()
  const second = open(path)
  expect(() => second.get('point')).toThrow(UnreadableRecordError)
  expect(() => second.get('point')).toThrow(/"Point"/)
  second.close()
  const third = open(path, { types })
  expect(third.get('point')).toEqual(new Point(1, 2))
  third.close()
})

test('set() refuses a subclass, and an instance that contains itself', () => {
  const dict = open(memoryStore(), { types })
  expect(() => dict.set('p', { deep: [new Point3(1, 2)] })).toThrow(UnpersistableValueError)
  const tree = new Tree([])
  tree.children.push({ back: tree })
  expect(() => dict.set('t', tree)).toThrow(UnpersistableValueError)
  expect([dict.has('p'), dict.has('t')]).toEqual([false, false])
  dict.close()
})

test('open() refuses one class under two names, and a type without its functions', () => {
  const twice = { A: types.Point, B: types.Point }
  expect(() => open(memoryStore(), { types: twice })).toThrow(OptionError)
  expect(() => open(memoryStore(), { types: { A: { class: Point } as never } })).toThrow(
    OptionError,
  )
})

test('a live value hands instances out as copies, and takes new ones by assignment', () => {
  const dict = open<Record<string, { at: Point }>>(memoryStore(), { types })
  dict.object.place = { at: new Point(1, 2) }
  const place = dict.object.place as { at: Point }
  expect(place.at).toEqual(new Point(1, 2))
  place.at = new Point(5, 6)
  expect(dict.get('place')?.at).toBeInstanceOf(Point)
  expect(dict.get('place')?.at).toEqual(new Point(5, 6))
  dict.close()
})
