/** The API reference: its pages, made from the comments of the built declarations. */
import type { EntryPoint } from './entry-points.js'
import { anchorOf, pageOf } from './page.js'
import { type Shown, surfaceOf } from './surface.js'

export interface ReferencePage {
  /** In docs/api. */
  readonly name: string
  readonly text: string
}

/** All pages of the reference: one for each entry point, and one that lists them. */
export function referenceOf(entryPoints: readonly EntryPoint[]): ReferencePage[] {
  const entries = entryPoints.map((entry) => ({ entry, surface: surfaceOf(entry) }))
  const pages = entries.map(({ entry, surface }) => ({
    name: fileOf(entry),
    text: pageOf({ ...entry, surface, places: placesFor(entry, entries) }),
  }))
  return [{ name: 'README.md', text: indexOf(entries) }, ...pages]
}

interface Described {
  readonly entry: EntryPoint
  readonly surface: readonly Shown[]
}

/** `persistdict/redis` is described in redis.md. */
function fileOf({ specifier }: EntryPoint): string {
  return `${specifier.split('/').at(-1)}.md`
}

/** Where the page of `from` finds each name: on itself if it is there. */
function placesFor(from: EntryPoint, entries: readonly Described[]): Map<string, string> {
  const own = entries.filter(({ entry }) => entry === from)
  const places = new Map<string, string>()
  for (const { entry, surface } of [...own, ...entries]) {
    const file = entry === from ? '' : fileOf(entry)
    for (const item of surface) {
      if (!places.has(item.name)) places.set(item.name, `${file}#${anchorOf(item)}`)
    }
  }
  return places
}

function indexOf(entries: readonly Described[]): string {
  const rows = entries.map(({ entry, surface }) => {
    const about = entry.about.replace(/\s+/g, ' ')
    return `| [${entry.specifier}](${fileOf(entry)}) | ${about} | ${surface.length} |`
  })
  return `# API reference

<!-- Written by \`npm run docs\` from the comments in src. Change those. -->

Everything that the package exports, and every member and option of it. Each entry point has a page.

| import from | what it has | exports |
|---|---|---|
${rows.join('\n')}

How to read it: properties of interfaces and classes are read-only, where no setter is shown. An
optional property may also be given as \`undefined\`. What a class has from a class that is not
exported stands with its own members.
`
}
