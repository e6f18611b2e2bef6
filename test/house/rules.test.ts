import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { RULES } from './rules.js'
import { readTree } from './tree.js'

type Files = Readonly<Record<string, string>>

const MANIFEST = {
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
  dependencies: { lmdb: '*' },
  peerDependencies: { '@langchain/core': '*' },
  devDependencies: { vitest: '*' },
}

/** Breaks no rule, and comes as close to each as it may. */
const GOOD: Files = {
  'package.json': JSON.stringify(MANIFEST),
  'src/index.ts': `export { open } from './open/open.js'\nexport type {\n  Key,\n} from './keys/key.js'\n`,
  'src/open/open.ts': `import { Dict } from '../dict/dict.js'\nexport const open = () => new Dict() // a todo\n`,
  'src/dict/dict.ts': `import { memory } from '../store/memory.js'\nexport class Dict { rows = memory() }\n`,
  'src/store/memory.ts':
    `import { Env } from 'lmdb'\nimport { rm } from 'node:fs/promises'\n` +
    `import type { Tool } from '@langchain/core/tools'\n` +
    `import type { Key } from '../keys/key.js'\n// import { open } from '../open/open.js'\n` +
    `export const memory = () => "import x from '../open/open.js'; export default 1"\n`,
  'src/keys/key.ts': `import { ClosedError } from '../errors/closed-error.js'\nexport type Key = string\n`,
  'src/errors/closed-error.ts': `export class ClosedError extends Error {}\n${'\n'.repeat(399)}`,
  'test/store/memory.test.ts': `import { test } from 'vitest'\n`,
}

/** For each rule: what to put into the good tree, and what it then says. */
const BAD: Readonly<Record<string, readonly { files: Files; says: readonly string[] }[]>> = {
  'layer-directions': [
    {
      files: { 'src/keys/hash.ts': `import type { Dict } from '../dict/dict.js'\n` },
      says: [
        'src/keys/hash.ts:1 imports ../dict/dict.js, which is above it (faces over vocabulary)',
      ],
    },
    {
      files: { 'src/store/b.ts': `\nimport { c } from '../codec/c.js'\n`, 'src/codec/c.ts': '' },
      says: ['src/store/b.ts:2 imports ../codec/c.js, which is its sibling (both seams)'],
    },
    {
      files: {
        'src/codec/lazy.ts': `type A = import('../open/open.js').A\nconst b = await import('../dict/dict.js')\n`,
        'src/engine/worker.ts': `new Worker(new URL('../cli/worker.js', import.meta.url))\n`,
        'src/cli/worker.ts': `import pkg from '../../package.json'\n`,
      },
      says: [
        'src/cli/worker.ts:1 imports ../../package.json, which is outside src',
        'src/codec/lazy.ts:1 imports ../open/open.js, which is above it (composition over seams)',
        'src/codec/lazy.ts:2 imports ../dict/dict.js, which is above it (faces over seams)',
        'src/engine/worker.ts:1 imports ../cli/worker.js, which is above it (adapters over meaning)',
      ],
    },
    {
      files: { 'src/attic/old.ts': '', 'src/attic.ts': '' },
      says: [
        'src/attic.ts has no layer; name it in layers.ts',
        'src/attic/ has no layer; name it in layers.ts',
      ],
    },
  ],
  'import-cycles': [
    {
      files: {
        'src/store/a.ts': `import type { B } from './b.js'\n`,
        'src/store/b.ts': `import { c } from './c.js'\n`,
        'src/store/c.ts': `export { a } from './a.js'\n`,
      },
      says: ['src/store/a.ts imports itself: store/a.ts → store/b.ts → store/c.ts → store/a.ts'],
    },
  ],
  'declared-imports': [
    {
      files: { 'src/store/b.ts': `import 'vitest'\nimport x from '@lmdb/lmdb-linux-x64/y'\n` },
      says: [
        'src/store/b.ts:1 imports vitest, which is neither a dependency nor a peer',
        'src/store/b.ts:2 imports @lmdb/lmdb-linux-x64/y, which is neither a dependency nor a peer',
      ],
    },
  ],
  'export-forms': [
    {
      files: { 'src/store/b.ts': `export default 1\nexport * from './memory.js'\n` },
      says: [
        'src/store/b.ts:1 has a default export',
        'src/store/b.ts:2 exports *: what it offers cannot be read off',
      ],
    },
  ],
  'entry-files': [
    {
      files: { 'src/index.ts': `export { open } from './open.js'\nexport const version = 1\n` },
      says: ['src/index.ts:2 is an entry point and may hold re-exports only'],
    },
  ],
  'package-exports': [
    {
      files: { 'src/redis.ts': `export { redis } from './store/redis.js'\n` },
      says: ['package.json "exports" does not name src/redis.ts'],
    },
    {
      files: { 'dist/index.js': '' },
      says: ['package.json "exports" names "." but there is no ./dist/index.d.ts'],
    },
    {
      files: {
        'package.json': JSON.stringify({
          exports: { './file': { default: './dist/file.js', types: './dist/file.d.ts' } },
          dependencies: MANIFEST.dependencies,
          peerDependencies: MANIFEST.peerDependencies,
        }),
      },
      says: [
        'package.json "exports" must let "./package.json" through',
        'package.json "exports" of "./file" must be {"types":"./dist/file.d.ts","default":"./dist/file.js"}',
        'package.json "exports" names "./file" but there is no src/file.ts',
        'package.json "exports" does not name src/index.ts',
      ],
    },
  ],
  'file-names': [
    {
      files: {
        'src/store/memoryStore.ts': '',
        'test/string-utils.ts': '',
        'src/keys/types.ts': '',
      },
      says: [
        'src/keys/types.ts "types.ts" does not say what is in it',
        'src/store/memoryStore.ts "memoryStore.ts" is not kebab-case',
        'test/string-utils.ts "string-utils.ts" does not say what is in it',
      ],
    },
  ],
  'file-sizes': [
    {
      files: { 'src/store/long.ts': '\n'.repeat(401) },
      says: ['src/store/long.ts has 401 lines; 400 are allowed'],
    },
  ],
  'unfinished-work': [
    {
      files: { 'src/store/b.ts': `// TODO: later\nthrow new Error('Not implemented for now')\n` },
      says: [
        'src/store/b.ts:1 says "TODO"',
        'src/store/b.ts:2 says "Not implemented"',
        'src/store/b.ts:2 says "for now"',
      ],
    },
  ],
}

test('a good tree has no findings', () => {
  expect(findingsIn(GOOD)).toEqual({})
})

test.each(RULES.map(({ name }) => name))('%s finds what is bad, and no other rule does', (name) => {
  expect(BAD[name]).toBeDefined()
  for (const { files, says } of BAD[name] ?? []) {
    expect(findingsIn({ ...GOOD, ...files })).toEqual({ [name]: says })
  }
})

/** What each rule says about a package of these files; rules that say nothing are left out. */
function findingsIn(files: Files): Record<string, string[]> {
  const root = mkdtempSync(join(tmpdir(), 'persistdict-house-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    const tree = readTree(root)
    return Object.fromEntries(
      RULES.map((rule) => [
        rule.name,
        rule
          .check(tree)
          .map(({ path, line, message }) => `${path}${line ? `:${line}` : ''} ${message}`),
      ]).filter(([, findings]) => findings?.length),
    )
  } finally {
    rmSync(root, { recursive: true })
  }
}
