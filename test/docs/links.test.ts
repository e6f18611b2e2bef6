/** Links from one page to another lead somewhere: the file is there, and so is the heading. */
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { page, pages, prose, REPOSITORY } from './pages.js'

const LINK = /\]\(([^)\s]+)\)/g

test.each(pages())('the links of $path lead somewhere', (from) => {
  const broken = Array.from(prose(from).matchAll(LINK), ([, target = '']) => target)
    .filter((target) => !/^\w+:/.test(target))
    .filter((target) => !leadsSomewhere(from.path, target))
  expect(broken).toEqual([])
})

function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? from : posix.join(posix.dirname(from), file)
  if (!existsSync(join(REPOSITORY, path))) return false
  return anchor === undefined || anchorsOf(path).includes(anchor)
}

/** As GitHub makes them: lower case, without punctuation, with hyphens for spaces. */
function anchorsOf(path: string): string[] {
  return Array.from(prose(page(path)).matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )
}
