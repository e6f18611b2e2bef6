/** A page of the reference: all that one entry point exports, by kind and name. */
import type { Shown } from './surface.js'

/** Where the page of each exported name is, as a link from another page of the reference. */
export type Places = ReadonlyMap<string, string>

export interface PageParts {
  readonly specifier: string
  readonly about: string
  readonly surface: readonly Shown[]
  readonly places: Places
}

const SECTIONS: ReadonlyArray<readonly [title: string, has: (item: Shown) => boolean]> = [
  ['Functions', ({ kind }) => kind === 'Function'],
  ['Classes', ({ kind, name }) => kind === 'Class' && !name.endsWith('Error')],
  ['Options and types', ({ kind }) => kind === 'Interface' || kind === 'TypeAlias'],
  ['Constants', ({ kind }) => kind === 'Variable'],
  ['Errors', ({ kind, name }) => kind === 'Class' && name.endsWith('Error')],
]

/** The heading of an item; its anchor is told apart from those of other kinds with its name. */
export function headingOf({ name, kind }: Shown): string {
  return `${KIND_WORDS[kind] ?? kind.toLowerCase()} ${name}`
}

const KIND_WORDS: Readonly<Record<string, string>> = { TypeAlias: 'type', Variable: 'const' }

export function anchorOf(item: Shown): string {
  return headingOf(item).toLowerCase().replace(' ', '-')
}

export function pageOf({ specifier, about, surface, places }: PageParts): string {
  const sections = SECTIONS.map(([title, has]) => ({ title, items: surface.filter(has) })).filter(
    ({ items }) => items.length > 0,
  )
  return [
    `# ${specifier}`,
    NOTICE,
    linked(about),
    sections.map(({ title, items }) => `**${title}**: ${contents(items)}.`).join('\n\n'),
    ...sections.flatMap(({ title, items }) => [
      `## ${title}`,
      ...items.map((item) => itemOf(item, places)),
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

const NOTICE = '<!-- Written by `npm run docs` from the comments in src. Change those. -->'

function contents(items: readonly Shown[]): string {
  return items.map((item) => `[${item.name}](#${anchorOf(item)})`).join(', ')
}

function itemOf(item: Shown, places: Places): string {
  const parts = [`### ${headingOf(item)}`, ...item.signatures.map(code), linked(item.text)]
  if (item.members.length > 0) parts.push(item.members.map(memberOf).join('\n'))
  const names = [item, ...item.members].flatMap(({ named }) => [...named])
  const seen = [...new Set(names)].filter((name) => name !== item.name).sort()
  const links = seen.flatMap((name) => {
    const place = places.get(name)
    return place === undefined ? [] : `[${name}](${place})`
  })
  if (links.length > 0) parts.push(`See ${links.join(', ')}.`)
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A point of a list: the signatures, and below them what is said of them. */
function memberOf({ name, signatures, text }: Shown): string {
  const lines = signatures.length === 0 ? [code(name)] : signatures.map(code)
  const about = text === '' ? [] : linked(text).split('\n')
  return `- ${lines.join('<br>\n')}${about.length === 0 ? '' : '<br>'}\n${about.join('\n')}`
    .trimEnd()
    .replace(/\n(?=.)/g, '\n  ')
}

function code(signature: string): string {
  return signature.includes('`') ? `\`\` ${signature} \`\`` : `\`${signature}\``
}

/** Text of a comment as Markdown: pages that it names become links, and the default a sentence. */
function linked(text: string): string {
  return text
    .replace(/(?<![\w/`])docs\/([\w/-]+\.md)/g, '[docs/$1](../$1)')
    .replace(/\s*@default\s+([^@]+)$/, (_, value: string) => `\n\nDefault: ${value.trim()}.`)
    .trim()
}
