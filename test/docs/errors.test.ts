/** docs/errors.md has one section for each error of the package, and none for anything else. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as persistdict from 'persistdict'
import { describe, expect, test } from 'vitest'
import { page, REPOSITORY } from './pages.js'

interface Section {
  readonly code: string
  readonly text: string
}

const SECTIONS: Section[] = page('docs/errors.md')
  .text.split(/^### /m)
  .slice(1)
  .map((text) => ({ code: text.slice(0, text.indexOf('\n')).trim(), text }))

interface ErrorClass {
  readonly name: string
  readonly code: string
  /** Its public fields besides the code. */
  readonly fields: readonly string[]
}

const CLASSES = readdirSync(join(REPOSITORY, 'src/errors'))
  .flatMap((file) => readFileSync(join(REPOSITORY, 'src/errors', file), 'utf8').split(/^export /m))
  .flatMap(errorClass)

describe('docs/errors.md', () => {
  test('has a section for the code of each error class, and no other', () => {
    expect(SECTIONS.map(({ code }) => code).sort()).toEqual(CLASSES.map(({ code }) => code).sort())
  })

  test.each(SECTIONS)('says of $code when it comes and what to do', ({ text }) => {
    for (const part of ['When', 'What to do'])
      expect(text).toMatch(RegExp(`^- \\*\\*${part}\\*\\*: .{20}`, 'm'))
  })

  test('has a section for every code that stands anywhere in src', () => {
    const found = sources().flatMap(
      (source) => source.match(/\bERR_PERSISTDICT_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [],
    )
    // The codes of the command line have a table on its page.
    const rows = page('docs/cli.md').text.match(/(?<=^\| `)ERR_\w+(?=` \| .{20})/gm) ?? []
    const known = new Set([...SECTIONS.map(({ code }) => code), ...rows])
    expect([...new Set(found)].filter((code) => !known.has(code))).toEqual([])
    expect(new Set(found).size).toBe(known.size)
  })

  test.each(CLASSES)('names $name and all that it carries', ({ name, code, fields }) => {
    const text = SECTIONS.find((section) => section.code === code)?.text ?? ''
    expect(text).toContain(`\`${name}\``)
    for (const field of fields) expect(text).toContain(`\`${field}\``)
  })
})

test('the error classes of src are exported, and the exported ones are in src', () => {
  const exported = Object.entries(persistdict)
    .filter(([, value]) => value.prototype instanceof persistdict.PersistDictError)
    .map(([name]) => name)
  expect(exported.sort()).toEqual(CLASSES.map(({ name }) => name).sort())
})

/** The text of every file of src. */
function sources(): string[] {
  return readdirSync(join(REPOSITORY, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
}

function errorClass(source: string): ErrorClass | [] {
  const name = /^class (\w+)/.exec(source)?.[1]
  const code = /\breadonly code\b[^=]*= '(\w+)'/.exec(source)?.[1]
  // The abstract base has neither.
  if (name === undefined || code === undefined) return []
  const fields = Array.from(source.matchAll(/^ {2}readonly (\w+):/gm), ([, field = '']) => field)
  return { name, code, fields: fields.filter((field) => field !== 'code') }
}
