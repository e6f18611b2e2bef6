/**
 * The last step of `npm run build`: what the compiler made, as few files.
 *
 *     src/ ─ tsc ─► dist/**.js, dist/**.d.ts ─ this ─► dist/ENTRY.js, dist/parts/*.js, dist/**.d.ts
 *
 * Finding and linking three hundred modules took most of the time of `import 'persistdict'`. What several
 * entry points need is in parts of their own, so that each class, symbol and registry is there once. Names
 * are kept; comments are in the declarations. Of the dependencies, only zod is within. See
 * docs/decisions/0032-few-files.md.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'dist')
const PARTS = 'parts'

/** What threads are started with. It lies among the parts, as does the code that names it. */
const THREADS = ['open/sweep-worker']

/** Parts that are put together by name: small files that every entry point needs are dear, one by one. */
const GROUPS = [
  { name: 'zod', test: /\/node_modules\/zod\// },
  { name: 'vocabulary', test: /\/dist\/(errors\/|(bytes|clock|duration|process-identity)\.js$)/ },
]

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default?: string }>>
  readonly bin: Readonly<Record<string, string>>
}

const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const entries = [
  ...Object.values(manifest.exports).map((conditions) => conditions.default ?? ''),
  ...Object.values(manifest.bin),
  ...THREADS,
].flatMap((path) => path.replace(/^(\.\/)?dist\/|\.js$/g, '') || [])

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((name) => [name, join(DIST, `${name}.js`)])),
  platform: 'node',
  external: (id) => isBuiltin(id) || (/^[\w@]/.test(id) && !/^zod(\/|$)/.test(id)),
  onLog(level, { message }) {
    if (level === 'warn') throw new Error(message)
  },
})
const { output } = await bundle.generate({
  format: 'es',
  entryFileNames: ({ name }) =>
    THREADS.includes(name) ? `${PARTS}/${name.slice(name.lastIndexOf('/') + 1)}.js` : '[name].js',
  chunkFileNames: `${PARTS}/[name].js`,
  codeSplitting: { groups: GROUPS },
  comments: false,
  postBanner: ({ name }) => (name === 'zod' ? licenceOf('zod') : ''),
})
const files = output.map((file) => {
  if (file.type !== 'chunk') throw new Error(`The bundle holds ${file.fileName}, which is no code.`)
  return { path: join(DIST, file.fileName), code: file.code }
})

for (const path of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  if (path.endsWith('.js')) rmSync(join(DIST, path))
}
for (const { path, code } of files) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, code)
}
for (const { path, code } of files) {
  // In double quotes, as the bundler writes code; an error says the like in single ones.
  for (const [, named = ''] of code.matchAll(/new URL\("(\.[^"]+)", import\.meta\.url\)/g)) {
    if (!existsSync(join(dirname(path), named)))
      throw new Error(`${path} names ${named}: not built.`)
  }
}

/** What the license of a package wants in every copy of it. */
function licenceOf(name: string): string {
  const folder = join(ROOT, 'node_modules', name)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return `/*!\n${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}*/`
}
