/** Every page can be reached by links from the README, and docs/README.md leads to each guide itself. */
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { page, pages, prose } from './pages.js'

const PATHS = new Set(pages().map(({ path }) => path))

test('every page is reached from README.md', () => {
  const reached = new Set(['README.md'])
  // A Set yields what is added while it is walked.
  for (const path of reached) for (const target of linksOf(path)) reached.add(target)
  expect([...PATHS].filter((path) => !reached.has(path))).toEqual([])
})

test('docs/README.md links every page that no other index lists', () => {
  const listed = new Set([...linksOf('docs/README.md'), 'docs/README.md'])
  const unlisted = [...PATHS].filter((path) => path.startsWith('docs/') && !listed.has(path))
  expect(unlisted.filter((path) => !/^docs\/(api|decisions)\//.test(path))).toEqual([])
})

test('README.md is no longer than 200 lines', () => {
  expect(page('README.md').text.split('\n').length - 1).toBeLessThanOrEqual(200)
})

/** The pages that a page links. */
function linksOf(path: string): string[] {
  return Array.from(prose(page(path)).matchAll(/\]\(([^)\s#]+)/g), ([, target = '']) =>
    posix.join(posix.dirname(path), target),
  ).filter((target) => PATHS.has(target))
}
