/** The package as its users get it: packed, linted, installed elsewhere and used by name. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const MANIFEST = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))

const USE = `
const dict = open<Record<string, { n: number }>>(process.argv[2] ?? '')
dict.set('a', { n: 1 })
const n: number | undefined = dict.get('a')?.n
console.log(n, dict.object.a?.n, Object.keys(dict.object))
dict.close()
`
const SAYS = "1 1 [ 'a' ]\n"

/** The package by each of its names: `persistdict`, `persistdict/memory` and so on. */
const ENTRIES = Object.keys(MANIFEST.exports)
  .filter((subpath) => !subpath.endsWith('.json'))
  .map((subpath) => subpath.replace('.', MANIFEST.name))

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'persistdict-package-'))
  const user = join(folder, 'user')
  let tarball: string
  let paths: string[]

  beforeAll(() => {
    // Not built here: other tests are running on dist.
    const packed = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder])
    const [{ filename, files }] = JSON.parse(packed)
    tarball = join(folder, filename)
    paths = files.map(({ path }: { path: string }) => path)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('holds the build and its papers, and nothing else', () => {
    const others = paths.filter(
      (path) => !/^(dist\/.+(\.js|\.d\.ts)|docs\/(.+\.md|config\.schema\.json))$/.test(path),
    )
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
  })

  test('pleases publint', async () => {
    const { buffer } = new Uint8Array(readFileSync(tarball))
    const { messages } = await publint({ pack: { tarball: buffer }, strict: true })
    expect(messages.map((message) => formatMessage(message, MANIFEST))).toEqual([])
  })

  test('has types that resolve as they run', () => {
    run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-emoji'])
  })

  describe('installed', () => {
    beforeAll(() => {
      mkdirSync(user)
      write('package.json', JSON.stringify({ type: 'module', private: true }))
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
      // A registry that fails for a moment is not what is tested.
      const patient = ['--prefer-offline', '--fetch-retries=6', '--fetch-retry-mintimeout=1000']
      run('npm', ['install', tarball, ...patient, ...quiet], user)
      // As one has it who imports the adapter for it: an optional peer.
      mkdirSync(join(user, 'node_modules/@langchain'))
      const peer = '@langchain/core'
      symlinkSync(join(REPOSITORY, 'node_modules', peer), join(user, 'node_modules', peer))
    })

    test('runs from JavaScript', () => {
      write('use.js', `import { open } from 'persistdict'\n${withoutTypes(USE)}`)
      expect(run(process.execPath, ['use.js', join(folder, 'js')], user)).toBe(SAYS)
    })

    test('compiles under strict TypeScript, declarations included, and runs', () => {
      // LangChain's own declarations do not compile with exactOptionalPropertyTypes.
      const strict = ENTRIES.filter((name) => name !== 'persistdict/langchain')
      const entries = strict.map((name) => `import '${name}'\n`).join('')
      write('use.ts', `${entries}import { open } from 'persistdict'\n${USE}`)
      write(
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: {
            strict: true,
            noUncheckedIndexedAccess: true,
            exactOptionalPropertyTypes: true,
            module: 'nodenext',
            target: 'es2022',
            types: ['node'],
            typeRoots: [join(REPOSITORY, 'node_modules/@types')],
            // Off, although lmdb's own declarations fail it: ours must not lead there.
            skipLibCheck: false,
            outDir: 'out',
          },
          files: ['use.ts'],
        }),
      )
      run(bin('tsc'), ['-p', '.'], user)
      expect(run(process.execPath, ['out/use.js', join(folder, 'ts')], user)).toBe(SAYS)
    })

    test('has one of each class, whichever entry point it comes from', () => {
      const script = `
        import { OptionError } from 'persistdict'
        import { fileStore } from 'persistdict/file'
        import { redisStore } from 'persistdict/redis'
        import { sqliteStore } from 'persistdict/sqlite'
        import { tiered } from 'persistdict/tiered'
        for (const make of [fileStore, redisStore, sqliteStore, tiered]) {
          try { make({ path: 1, url: 1 }) } catch (error) { console.log(error instanceof OptionError) }
        }`
      const says = run(process.execPath, ['--input-type=module', '-e', script], user)
      expect(says).toBe('true\n'.repeat(4))
    })

    test('loads at every entry point, alone', () => {
      for (const name of ENTRIES) {
        const names = `Object.keys(await import('${name}')).length > 0`
        const script = `console.log(${names})`
        expect(run(process.execPath, ['--input-type=module', '-e', script], user)).toBe('true\n')
      }
    })
  })

  function write(name: string, text: string): void {
    writeFileSync(join(user, name), text)
  }
})

function bin(name: string): string {
  return join(REPOSITORY, 'node_modules/.bin', name)
}

/** Runs a program to its end and returns its output; a failure throws with all of it. */
function run(file: string, args: string[], cwd = REPOSITORY): string {
  try {
    return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string }
    throw new Error(`${file} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause })
  }
}

function withoutTypes(source: string): string {
  return source.replace('<Record<string, { n: number }>>', '').replace(': number | undefined', '')
}
