/** docs/ARCHITECTURE.md names what is there: its paths exist, and no folder of src goes unmentioned. */
import { existsSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { LAYERS } from '../house/layers.js'
import { page, REPOSITORY } from './pages.js'

const { text } = page('docs/ARCHITECTURE.md')
/** Everything in backticks that is a path of the repository. */
const NAMED = Array.from(
  text.matchAll(/`((?:src|test|docs|bench)\/[\w./-]+)`/g),
  ([, path = '']) => path,
)

test('the paths that docs/ARCHITECTURE.md names are there', () => {
  expect(NAMED.length).toBeGreaterThan(50)
  expect(NAMED.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([])
})

test('every folder of src is named, or a file in it', () => {
  const folders = readdirSync(join(REPOSITORY, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => posix.join(entry.parentPath, entry.name).slice(REPOSITORY.length))
  const unnamed = folders.filter((folder) => !NAMED.some((path) => path.startsWith(`${folder}/`)))
  expect(unnamed).toEqual([])
})

test('the table of layers names every unit that has files', () => {
  const start = text.indexOf('## Layers')
  const table = text.slice(start, text.indexOf('## The life of a get'))
  const units = LAYERS.flatMap((layer) => (layer.entries ? [] : layer.units))
  const present = units.filter((unit) => existsSync(join(REPOSITORY, 'src', unit)))
  expect(present.filter((unit) => !table.includes(unit))).toEqual([])
})
