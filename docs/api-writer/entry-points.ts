/**
 * What each entry point of the package exports, read by api-extractor from the built declarations.
 *
 *     package.json "exports" ─► dist/*.d.ts ─► api-extractor ─► EntryPoint[]
 *
 * api-extractor also describes what is not exported and yet named by something that is: base classes,
 * types of parameters. Those items are in `all` only.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'

export interface EntryPoint {
  /** How it is imported: `persistdict`, `persistdict/redis`. */
  readonly specifier: string
  /** The comment of its file that is marked with `@packageDocumentation`, as Markdown. */
  readonly about: string
  /** What it exports, by name, functions with an item for each of their signatures. */
  readonly exported: readonly ApiItem[]
  /** Every item, exported or not, by its reference. */
  readonly all: ReadonlyMap<string, ApiItem>
}

/** An item as api-extractor writes it, less what is not needed here. */
export interface ApiItem {
  readonly kind: string
  /** Missing in constructors and call signatures. */
  readonly name?: string
  readonly canonicalReference: string
  readonly docComment: string
  readonly excerptTokens: readonly Token[]
  readonly members?: readonly ApiItem[]
  readonly isProtected?: boolean
  /** Of a class: what it extends. */
  readonly extendsTokenRange?: TokenRange
  /** Of an interface: what it extends. */
  readonly extendsTokenRanges?: readonly TokenRange[]
  /** Of a class: what it implements. */
  readonly implementsTokenRanges?: readonly TokenRange[]
}

export interface Token {
  readonly text: string
  /** The item that the text names. */
  readonly canonicalReference?: string
}

export interface TokenRange {
  readonly startIndex: number
  readonly endIndex: number
}

interface Declared {
  readonly specifier: string
  readonly path: string
}

/** The entry points of the package in `root`, which must have been built. */
export function readEntryPoints(root: string): EntryPoint[] {
  const declared = declaredIn(root)
  const folder = mkdtempSync(join(tmpdir(), 'persistdict-api-'))
  try {
    const configs = declared.map(({ path }, index) =>
      configOf(root, path, join(folder, `${index}.json`)),
    )
    const [first] = configs
    if (first === undefined) throw new Error(`${root} exports nothing that has types`)
    // One program for all of them: compiling is nearly all of the time.
    const compilerState = CompilerState.create(first, {
      additionalEntryPoints: declared.map(({ path }) => path),
    })
    return configs.map((config, index) => {
      Extractor.invoke(config, {
        localBuild: true,
        compilerState,
        // Its findings are about release tags and the like; ours are in findings.ts.
        messageCallback: (message) => {
          message.handled = true
        },
      })
      return entryPoint(declared[index]?.specifier ?? '', config.apiJsonFilePath)
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function declaredIn(root: string): Declared[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const subpaths = Object.entries<{ types?: string }>(manifest.exports)
  return subpaths.flatMap(([subpath, { types }]) =>
    types === undefined
      ? []
      : { specifier: subpath.replace('.', manifest.name), path: join(root, types) },
  )
}

function configOf(root: string, path: string, apiJsonFilePath: string): ExtractorConfig {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: path,
      compiler: { overrideTsconfig: { compilerOptions: COMPILER, files: [path] } },
      docModel: { enabled: true, includeForgottenExports: true, apiJsonFilePath },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  })
}

/** Those of tsconfig.json that say what declarations mean, in words that api-extractor's compiler knows. */
const COMPILER = {
  strict: true,
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  skipLibCheck: true,
}

function entryPoint(specifier: string, jsonPath: string): EntryPoint {
  const json = JSON.parse(readFileSync(jsonPath, 'utf8'))
  const items: readonly ApiItem[] = json.members[0].members
  return {
    specifier,
    about: textOf(json.docComment),
    exported: items.filter(({ canonicalReference }) => !canonicalReference.includes('!~')),
    all: new Map(items.map((item) => [item.canonicalReference, item])),
  }
}

/** The text of a comment, without its stars. */
export function textOf(docComment: string): string {
  return docComment
    .replace(/^\/\*\*|\*\/\s*$/g, '')
    .replace(/^[ \t]*\* ?/gm, '')
    .replace('@packageDocumentation', '')
    .trim()
}
