/** The figures of docs/stores/README.md are those of the tests. */
import { expect, test } from 'vitest'
import { asyncStoreLaws, durableStoreLaws, syncStoreLaws } from '../../src/testing.js'
import { page } from './pages.js'

test('docs/stores/README.md has the numbers of laws', () => {
  const rows = page('docs/stores/README.md').text.split('\n')
  const laws = (store: string) => {
    const row = rows.find((line) => line.startsWith(`| ${store} |`) && /\| \d/.test(line))
    return row?.split('|')[2]?.match(/\d+/g)?.map(Number)
  }
  expect(laws('memory')).toEqual([syncStoreLaws.length])
  for (const store of ['LMDB', 'SQLite', 'files']) {
    expect(laws(store), store).toEqual([syncStoreLaws.length, durableStoreLaws.length])
  }
  for (const store of ['Redis', 'Redis Cluster', 'tiers']) {
    expect(laws(store), store).toEqual([asyncStoreLaws.length])
  }
})
