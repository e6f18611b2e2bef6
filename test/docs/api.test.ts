/** The API reference is what `npm run docs` makes of the sources as they are now. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { referenceOf } from '../../docs/api-writer/reference.js'
import { REPOSITORY } from './pages.js'

const FOLDER = join(REPOSITORY, 'docs/api')
const REMEDY = 'run `npm run docs` and commit docs/api'

test('docs/api is up to date', () => {
  const pages = referenceOf(REPOSITORY)
  expect(readdirSync(FOLDER).sort(), REMEDY).toEqual(pages.map(({ name }) => name).sort())
  const stale = pages.filter(({ name, text }) => readFileSync(join(FOLDER, name), 'utf8') !== text)
  expect(
    stale.map(({ name }) => name),
    REMEDY,
  ).toEqual([])
})
