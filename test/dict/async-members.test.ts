/** AsyncPersistDict has the members of PersistDict. Each one that it does not have is here, with the reason. */
import { expect, test } from 'vitest'
import { AsyncPersistDict } from '../../src/dict/async-persist-dict.js'
import { PersistDict } from '../../src/dict/persist-dict.js'

const ABSENT: Readonly<Record<string, string>> = {
  transaction: 'nobody can hold a remote store while a function runs; update() and batches instead',
  object: 'reading a property cannot wait',
  asObject: 'reading a property cannot wait',
  flushSync: 'it would have to wait; flush()',
  'Symbol(Symbol.iterator)': 'it would have to wait; Symbol.asyncIterator',
  'Symbol(nodejs.dispose)': 'closing waits; Symbol.asyncDispose',
  'Symbol(nodejs.util.inspect.custom)': 'printing cannot wait for entries',
}

const ADDED: Readonly<Record<string, string>> = {
  'Symbol(Symbol.asyncIterator)': 'in place of Symbol.iterator',
}

test('AsyncPersistDict has every member of PersistDict but those that cannot be asynchronous', () => {
  const [sync, async] = [membersOf(PersistDict), membersOf(AsyncPersistDict)]
  const absent = sync.filter((name) => !async.includes(name))
  expect(absent.sort()).toEqual(Object.keys(ABSENT).sort())
  const added = async.filter((name) => !sync.includes(name))
  expect(added).toEqual(Object.keys(ADDED))
})

function membersOf({ prototype }: { prototype: object }): string[] {
  const names = new Set<string>()
  for (let at = prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at))
      names.add(String(name).replace('Symbol.dispose', 'nodejs.dispose'))
  }
  return [...names]
}
