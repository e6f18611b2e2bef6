/**
 * The API reference is what `npm run docs` makes of the sources as they are now, and lacks nothing:
 * every export, member and option has a comment, and every type that users meet has a name.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readEntryPoints } from '../../docs/api-writer/entry-points.js'
import { findingsIn } from '../../docs/api-writer/findings.js'
import { referenceOf } from '../../docs/api-writer/reference.js'
import { REPOSITORY } from './pages.js'

describe('the API reference', () => {
  const entries = readEntryPoints(REPOSITORY)

  test('is up to date', () => {
    const folder = join(REPOSITORY, 'docs/api')
    const pages = referenceOf(entries)
    const stale = pages.filter(
      ({ name, text }) => readFileSync(join(folder, name), 'utf8') !== text,
    )
    const remedy = 'run `npm run docs` and commit docs/api'
    expect(readdirSync(folder).sort(), remedy).toEqual(pages.map(({ name }) => name).sort())
    expect(
      stale.map(({ name }) => name),
      remedy,
    ).toEqual([])
  })

  test('lacks nothing', () => {
    expect(findingsIn(entries)).toEqual([])
  })
})

test('findingsIn() finds what has no comment, and types without a name', () => {
  const root = mkdtempSync(join(tmpdir(), 'persistdict-api-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  write(
    'package.json',
    JSON.stringify({ name: 'persistdict', exports: { '.': { types: './a.d.ts' } } }),
  )
  write(
    'a.d.ts',
    `interface Hidden {
  readonly inside: string
}
/** A base. */
declare class Base<T> {
  /** Said. */
  said(): T
  unsaid(): T
}
/** Options. */
export interface Options {
  /** Said. */
  readonly said?: number
  readonly unsaid?: Hidden
  /** @default 8 */
  readonly hardlySaid?: number
}
/** Made by make(). */
export declare class Thing extends Base<string> {
  /** Made by make(). */
  constructor(parts: Hidden)
}
/** Makes one. */
export declare function make(options?: Options): Thing
export declare function unsaid(): void
export {}
`,
  )
  expect(findingsIn(readEntryPoints(root))).toEqual([
    'persistdict has no @packageDocumentation',
    'Options.hardlySaid has no comment',
    'Options.unsaid has no comment',
    'Options.unsaid names Hidden, which no entry point exports',
    'Thing.unsaid has no comment',
    'unsaid has no comment',
  ])

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
})
