/**
 * Parts of docs/benchmarks.md that commands of their own write: each keeps what the others wrote.
 *
 *     <!-- section NAME --> … <!-- end NAME -->
 */

/** The page with one section replaced, or added at its end. */
export function withSection(page: string, name: string, text: string): string {
  const section = `${head(name)}\n\n${text.trim()}\n\n${foot(name)}\n`
  const start = page.indexOf(head(name))
  if (start < 0) return `${page.trimEnd()}\n\n${section}`
  const end = page.indexOf(foot(name), start)
  if (end < 0) throw new RangeError(`The section ${name} of the page has no end.`)
  return page.slice(0, start) + section + page.slice(end + foot(name).length + 1)
}

/** A new page with the sections of the old one. */
export function keepingSections(page: string, old: string): string {
  let result = page
  for (const [, name = '', text = ''] of old.matchAll(SECTION))
    result = withSection(result, name, text)
  return result
}

const SECTION = /<!-- section ([\w-]+) -->\n([\s\S]*?)\n<!-- end \1 -->/g

function head(name: string): string {
  return `<!-- section ${name} -->`
}

function foot(name: string): string {
  return `<!-- end ${name} -->`
}
