/**
 * Finds the imports of a TypeScript file without a compiler.
 *
 * `mask` blanks comments and the contents of strings and regular expressions, so that the patterns
 * below meet code only; a specifier is then read from the source at the same place. It knows
 * enough of the grammar for formatted code and no more: whether a slash divides or opens a regular
 * expression is told by what stands before it.
 */

export interface Import {
  readonly specifier: string
  readonly line: number
}

const SPECIFIERS = [
  // import … from 'x', import type … from 'x', export … from 'x'
  /\b(?:import|export)\b(?!\s*[.(])[^;'"`()=]*?\bfrom\s*(?=['"])/g,
  // import 'x'
  /\bimport\s*(?=['"])/g,
  // import('x'), as an expression or as a type
  /\bimport\s*\(\s*(?=['"`])/g,
  // new URL('./worker.js', import.meta.url): a worker is a dependency, too
  /\bnew\s+URL\s*\(\s*(?=['"`])/g,
]

export function importsOf(source: string): Import[] {
  const code = mask(source)
  const imports: (Import & { at: number })[] = []
  for (const pattern of SPECIFIERS) {
    for (const match of code.matchAll(pattern)) {
      const at = match.index + match[0].length
      const end = code.indexOf(code.charAt(at), at + 1)
      const specifier = source.slice(at + 1, end)
      if (match[0].startsWith('new') && !specifier.startsWith('.')) continue
      imports.push({ specifier, line: lineAt(source, at), at })
    }
  }
  return imports.sort((a, b) => a.at - b.at).map(({ specifier, line }) => ({ specifier, line }))
}

export function lineAt(source: string, offset: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', at + 1)) {
    line++
  }
  return line
}

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|[`{}]|\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*/g

const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|of|in|yield|await))$/

/** The source with the same length and lines, quotes kept, and all that is not code blanked. */
export function mask(source: string): string {
  let masked = ''
  let at = 0
  // Open braces, innermost last; 'template' stands for a ${ that returns to its template at }.
  const braces: ('block' | 'template')[] = []
  const token = new RegExp(TOKEN)

  const keepTo = (end: number) => {
    masked += source.slice(at, end)
    at = end
  }
  const blankTo = (end: number) => {
    masked += source.slice(at, end).replace(/[^\n]/g, ' ')
    at = end
  }
  /** Blanks template text up to its closing backtick, which is kept, or up to the next ${. */
  const blankTemplate = () => {
    let end = at
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end)) {
      end += source[end] === '\\' ? 2 : 1
    }
    blankTo(Math.min(end, source.length))
    if (source[at] === '`') keepTo(at + 1)
    else if (at < source.length) {
      blankTo(at + 2)
      braces.push('template')
    }
  }

  for (;;) {
    token.lastIndex = at
    const found = token.exec(source)
    if (!found) break
    const text = found[0]
    keepTo(found.index)
    if (text.startsWith('//') || text.startsWith('/*')) blankTo(at + text.length)
    else if (text === '`') {
      keepTo(at + 1)
      blankTemplate()
    } else if (text === '{') {
      keepTo(at + 1)
      braces.push('block')
    } else if (text === '}') {
      if (braces.pop() === 'template') {
        blankTo(at + 1)
        blankTemplate()
      } else keepTo(at + 1)
    } else if (text.startsWith('/')) {
      if (BEFORE_REGEX.test(masked.trimEnd())) blankTo(at + text.length)
      else keepTo(at + 1)
    } else {
      keepTo(at + 1)
      blankTo(at + text.length - 2)
      keepTo(at + 1)
    }
  }
  keepTo(source.length)
  return masked
}
