/**
 * The namespaces of an AsyncStore, and the rows that list them:
 *
 *     namespaces   prefix of the namespace → {"path": ["its", "names"]}, from its first entry on
 */
import { equalBytes, latin1Of } from '../../bytes.js'
import { StoreError } from '../../errors/store-errors.js'
import type { KeySettings } from '../../keys/key-settings.js'
import { KeySpace, namespacePrefix } from '../../keys/key-space.js'
import type { AsyncStore, PutRow } from '../../store/async-store.js'

export const NAMESPACES = 'namespaces'

/** Rows read at a time when listing. */
const LIST_STEP_ROWS = 256

export class RemoteNamespaces {
  readonly #store: AsyncStore
  readonly #keySettings: KeySettings
  readonly #spaces = new Map<string, KeySpace>()
  /** The same by prefix: whose a row is that the store tells of. */
  readonly #byPrefix = new Map<string, KeySpace>()
  readonly #listed = new Set<KeySpace>()

  constructor(store: AsyncStore, keySettings: KeySettings) {
    this.#store = store
    this.#keySettings = keySettings
  }

  /** The keys of a namespace. One object serves all its handles. */
  space(path: readonly string[]): KeySpace {
    const id = JSON.stringify(path)
    let space = this.#spaces.get(id)
    if (space === undefined) {
      space = new KeySpace(path, this.#keySettings)
      this.#spaces.set(id, space)
      this.#byPrefix.set(latin1Of(space.prefix), space)
    }
    return space
  }

  /** The namespace that a storage key is in, if it was used in this process. */
  known(storageKey: Uint8Array): KeySpace | undefined {
    return this.#byPrefix.get(latin1Of(namespacePrefix(storageKey)))
  }

  /** The namespace whose storage keys begin with this; undefined if none is listed. */
  async at(prefix: Uint8Array): Promise<KeySpace | undefined> {
    const known = this.#byPrefix.get(latin1Of(prefix))
    if (known !== undefined) return known
    const root = this.space([])
    if (equalBytes(prefix, root.prefix)) return root
    const row = await this.#store.get(NAMESPACES, prefix)
    const space = row && this.space(pathIn(row))
    return space !== undefined && equalBytes(space.prefix, prefix) ? space : undefined
  }

  /** Whether a namespace needs no row any more: the root never does. */
  isListed(space: KeySpace): boolean {
    return space.path.length === 0 || this.#listed.has(space)
  }

  /** Before the first entry of a namespace is written, the namespace is listed. */
  async list(space: KeySpace, put: (row: PutRow) => Promise<unknown>): Promise<void> {
    const row = { bucket: NAMESPACES, key: space.prefix, record: namespaceRow(space.path) }
    await put({ kind: 'put', ...row, deadline: 0 })
    this.#listed.add(space)
  }

  /** The store may have lost its rows with everything else. */
  forget(): void {
    this.#listed.clear()
  }

  /** All namespaces that are listed, whether or not they have entries. */
  async *all(): AsyncGenerator<KeySpace, undefined> {
    for (let after: Uint8Array | undefined; ; ) {
      const range = after === undefined ? {} : { after }
      const rows = await this.#store.scan(NAMESPACES, range, LIST_STEP_ROWS)
      for (const { record } of rows) yield this.space(pathIn(record))
      after = rows.at(-1)?.key
      if (after === undefined) return undefined
    }
  }
}

/** What a row says of the namespace with these names. */
export function namespaceRow(path: readonly string[]): Uint8Array {
  return Buffer.from(JSON.stringify({ path }))
}

/** The names in such a row. Throws StoreError. */
export function pathIn(record: Uint8Array): readonly string[] {
  try {
    const { path } = JSON.parse(Buffer.from(record).toString('utf8')) as { path: unknown }
    if (Array.isArray(path) && path.every((name) => typeof name === 'string')) return path
  } catch (cause) {
    throw new StoreError('The list of namespaces in the store is damaged.', { cause })
  }
  throw new StoreError('The list of namespaces in the store is damaged.')
}
