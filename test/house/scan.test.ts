import { describe, expect, test } from 'vitest'
import { importsOf, mask } from './scan.js'

describe('importsOf', () => {
  test('finds every form of import, in order, with its line', () => {
    const source = [
      `import { a } from './a.js'`,
      `import type { B } from "./b.js"`,
      `import c, {`,
      `  type D,`,
      `} from './c.js'`,
      `import * as e from './e.js'; import './f.js'`,
      `export { g } from './g.js'`,
      `export type { H } from './h.js'`,
      `export * from './i.js'`,
      `type J = typeof import('./j.js')`,
      `const k = async () => await import(\`./k.js\`)`,
      `const l = new URL('./l.js', import.meta.url)`,
    ].join('\n')
    expect(importsOf(source).map(({ specifier, line }) => `${line} ${specifier}`)).toEqual([
      '1 ./a.js',
      '2 ./b.js',
      '5 ./c.js',
      '6 ./e.js',
      '6 ./f.js',
      '7 ./g.js',
      '8 ./h.js',
      '9 ./i.js',
      '10 ./j.js',
      '11 ./k.js',
      '12 ./l.js',
    ])
  })

  test('finds none in comments, strings, templates, regular expressions and plain code', () => {
    const source = [
      `// import a from './a.js'`,
      `/* import('./b.js') */`,
      `const c = "import './c.js'" + 'import "./d.js"' + \`import('./e.js')\``,
      `const f = /import '.\\/f.js'/`,
      `const { from } = range`,
      `export const g = { from: './g.js' }`,
      `const h = new URL('redis://localhost')`,
      `const i = import.meta.url`,
    ].join('\n')
    expect(importsOf(source)).toEqual([])
  })

  test('is not thrown off by quotes in regular expressions, divisions and nested templates', () => {
    const source = [
      `const a = text.replace(/['"\`]/g, '') // it's`,
      `const b = total / 2 + left / right`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is source text to be scanned.
      'const c = `${list.map((x) => `${x}\'${{ y: "`" }}`)} import("./no.js")`',
      `import { d } from './d.js'`,
    ].join('\n')
    expect(importsOf(source)).toEqual([{ specifier: './d.js', line: 4 }])
  })
})

describe('mask', () => {
  test('keeps length, lines and code', () => {
    const source = `const a = 'b\\'c' // d\nconst e = \`f\${g}h\`\n`
    expect(mask(source)).toBe(`const a = '    '     \nconst e = \`   g  \`\n`)
  })
})
