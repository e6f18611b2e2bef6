/** What the rules look at: the files of a package, read once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { type Import, importsOf, mask } from './scan.js'

export interface SourceFile {
  /** Relative to src, with forward slashes. */
  readonly path: string
  readonly source: string
  /** The source with comments and the contents of strings blanked. */
  readonly code: string
  readonly imports: readonly Import[]
}

export interface Manifest {
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Tree {
  readonly src: readonly SourceFile[]
  /** Every code file of the package, relative to the root. */
  readonly codePaths: readonly string[]
  readonly manifest: Manifest
  /** Whether the package has been built. */
  readonly built: boolean
  has(path: string): boolean
}

export interface Finding {
  /** Relative to the root. */
  readonly path: string
  readonly line?: number
  readonly message: string
}

export interface Rule {
  readonly name: string
  check(tree: Tree): Finding[]
}

const CODE_FOLDERS = ['src', 'build', 'test', 'bench', 'docs']
const CODE_FILE = /\.[cm]?[jt]sx?$/

export function readTree(root: string): Tree {
  const has = (path: string) => existsSync(join(root, path))
  const codePaths = CODE_FOLDERS.filter(has)
    .flatMap((folder) => filesIn(root, folder))
    .filter((path) => CODE_FILE.test(path))
    .sort()
  return {
    src: codePaths
      .filter((path) => path.startsWith('src/'))
      .map((path) => readSource(root, path.slice('src/'.length))),
    codePaths,
    manifest: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
    built: has('dist'),
    has,
  }
}

/** The path in src that a relative import names, or undefined for a package. */
export function resolveImport(file: SourceFile, { specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(file.path), specifier).replace(/\.js$/, '.ts')
}

function filesIn(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function readSource(root: string, path: string): SourceFile {
  const source = readFileSync(join(root, 'src', path), 'utf8')
  return { path, source, code: mask(source), imports: importsOf(source) }
}
