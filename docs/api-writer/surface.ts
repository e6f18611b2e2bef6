/**
 * What users see of an entry point: each export with its members, those included that it inherits from
 * something that is not exported. An inherited member stands where it would be looked for: PersistDict
 * has `get`, whatever class of ours that comes from.
 */
import {
  type ApiItem,
  type EntryPoint,
  type Token,
  type TokenRange,
  textOf,
} from './entry-points.js'

/** An export, or a member of one, with all of its signatures. */
export interface Shown {
  readonly name: string
  readonly kind: string
  readonly signatures: readonly string[]
  /** Markdown; empty if nothing is said. */
  readonly text: string
  /** The names of the items of the package that its signatures name. */
  readonly named: ReadonlySet<string>
  readonly members: readonly Shown[]
}

/** The exports of an entry point, in the order of their names. */
export function surfaceOf(entry: EntryPoint): Shown[] {
  return grouped(entry.exported).map((items) => {
    const members = grouped(membersOf(items[0], entry))
    return {
      ...shownOf(items, entry),
      members: members.map((of) => {
        const shown = shownOf(of, entry)
        if (shown.text !== '') return shown
        return { ...shown, text: inheritedText(items[0], shown.name, entry) }
      }),
    }
  })
}

type Group = readonly [ApiItem, ...ApiItem[]]

function shownOf(items: Group, entry: EntryPoint): Shown {
  const [first] = items
  const texts = items.map(({ docComment }) => textOf(docComment)).filter((text) => text !== '')
  const forUsers = items.filter((item) => !isMadeInside(item, entry))
  return {
    name: nameOf(first),
    kind: first.kind,
    signatures: forUsers.map((item) => signatureOf(item, entry)),
    text: texts.join('\n\n'),
    named: new Set(forUsers.flatMap((item) => namedIn(item, entry))),
    members: [],
  }
}

/** A constructor that takes what only this package has: its comment says what to call instead. */
function isMadeInside(item: ApiItem, entry: EntryPoint): boolean {
  if (item.kind !== 'Constructor') return false
  return item.excerptTokens.some(({ canonicalReference = '' }) => {
    return entry.all.has(canonicalReference) && canonicalReference.includes('!~')
  })
}

/** Items of one name are the overloads of one thing. */
function grouped(items: readonly ApiItem[]): Group[] {
  const groups = new Map<string, [ApiItem, ...ApiItem[]]>()
  for (const item of items) {
    const id = `${item.kind} ${nameOf(item)}`
    const group = groups.get(id)
    if (group === undefined) groups.set(id, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

function nameOf({ name, kind }: ApiItem): string {
  return name ?? (kind === 'Constructor' ? 'constructor' : 'call')
}

/** The public members of an item; its own ones hide those of the same name that it inherits. */
function membersOf(item: ApiItem, entry: EntryPoint): ApiItem[] {
  const own = (item.members ?? []).filter(isPublic)
  const names = new Set(own.map(nameOf))
  const inherited = basesOf(item)
    .filter((range) => isFolded(item, range, entry))
    .flatMap((range) => baseAt(item, range, entry) ?? [])
    .flatMap((base) => membersOf(base, entry))
    .filter((member) => member.kind !== 'Constructor' && !names.has(nameOf(member)))
  return [...own, ...inherited].sort(byName)
}

function byName(a: ApiItem, b: ApiItem): number {
  return nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0
}

/** A constructor that nobody is told about is not for users: what they get was made by a function. */
function isPublic({ docComment, isProtected }: ApiItem): boolean {
  return isProtected !== true && !GENERATED.test(docComment)
}

/** What api-extractor says of a constructor of which the source says nothing. */
const GENERATED = /Constructs a new instance of the/

/** What is said of a member by what its class extends or implements, as editors show it, too. */
function inheritedText(item: ApiItem, name: string, entry: EntryPoint): string {
  for (const range of [...basesOf(item), ...(item.implementsTokenRanges ?? [])]) {
    const base = baseAt(item, range, entry)
    const member = base?.members?.find((candidate) => nameOf(candidate) === name)
    const own = member === undefined ? '' : textOf(member.docComment)
    const text = own === '' && base !== undefined ? inheritedText(base, name, entry) : own
    if (text !== '') return text
  }
  return ''
}

function basesOf({ extendsTokenRange, extendsTokenRanges }: ApiItem): readonly TokenRange[] {
  const ranges = extendsTokenRanges ?? (extendsTokenRange ? [extendsTokenRange] : [])
  return ranges.filter(({ startIndex, endIndex }) => startIndex < endIndex)
}

/** An item of the package that another extends or implements; undefined for one of the language. */
function baseAt(item: ApiItem, { startIndex }: TokenRange, entry: EntryPoint) {
  return entry.all.get(item.excerptTokens[startIndex]?.canonicalReference ?? '')
}

/** Whether the members of a base are shown as the item's own: the base itself is not exported. */
function isFolded(item: ApiItem, range: TokenRange, entry: EntryPoint): boolean {
  return baseAt(item, range, entry)?.canonicalReference.includes('!~') ?? false
}

/** The declaration on one line, without what each of them has. */
function signatureOf(item: ApiItem, entry: EntryPoint): string {
  const text = visibleTokens(item, entry).map((token) => token.text)
  return text
    .join('')
    .replace(/\s+/g, ' ')
    .replace(/^export /, '')
    .replace(/^declare /, '')
    .replace(/^readonly /, '')
    .replace(/ (extends|implements) $/, '')
    .replace(/;? ?$/, '')
    .replace(/(\?: .*) \| undefined$/, '$1')
}

function namedIn(item: ApiItem, entry: EntryPoint): string[] {
  return (
    visibleTokens(item, entry)
      .map(({ canonicalReference = '' }) => canonicalReference)
      // What a package of others declares has a reference like one of ours, and is not described.
      .filter((reference) => entry.all.has(reference))
      .map((reference) => NAME.exec(reference)?.[1] ?? '')
  )
}

/** `persistdict!~Lease_2:interface` names a second type of the name Lease. */
const NAME = /^persistdict!~?(\w+?)(?:_\d+)?(?=[:#.]|$)/

/** All tokens but those of bases whose members are shown as the item's own. */
function visibleTokens(item: ApiItem, entry: EntryPoint): readonly Token[] {
  const folded = basesOf(item).filter((range) => isFolded(item, range, entry))
  return item.excerptTokens.filter((_, index) =>
    folded.every(({ startIndex, endIndex }) => index < startIndex || index >= endIndex),
  )
}
