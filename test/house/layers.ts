/**
 * The layers of src, lowest first. An import may point to a lower layer or stay inside its own
 * unit; type-only imports count. A unit is a folder directly in src (`store/`) or a file there
 * (`clock.ts`), and a unit that this table does not name is an error.
 */

export interface Layer {
  readonly title: string
  readonly units: readonly string[]
  /** Siblings that may import each other, as long as there is no cycle. @default false */
  readonly siblingsMeet?: boolean
  /** Files that may hold nothing but re-exports; each is an entry point of the package. @default false */
  readonly entries?: boolean
}

export const LAYERS: readonly Layer[] = [
  {
    title: 'vocabulary',
    units: ['keys/', 'clock.ts', 'duration.ts', 'errors/', 'bytes.ts', 'process-identity.ts'],
    siblingsMeet: true,
  },
  { title: 'seams', units: ['store/', 'codec/'] },
  { title: 'meaning', units: ['engine/', 'cache/', 'expiry/'] },
  { title: 'faces', units: ['dict/', 'recipes/'] },
  { title: 'composition', units: ['open/'] },
  { title: 'configuration', units: ['config/'] },
  { title: 'adapters', units: ['cli/', 'integrations/', 'testing/'] },
  {
    title: 'entry points',
    units: [
      'index.ts',
      'memory.ts',
      'testing.ts',
      'sqlite.ts',
      'tiered.ts',
      'redis.ts',
      'file.ts',
      'config.ts',
      'langchain.ts',
      'ai-sdk.ts',
      'fetch.ts',
      'keyv.ts',
    ],
    entries: true,
  },
]

/** The unit of a path relative to src: `store/lmdb/gate.ts` is in `store/`. */
export function unitOf(path: string): string {
  const slash = path.indexOf('/')
  return slash < 0 ? path : path.slice(0, slash + 1)
}

/** The index in LAYERS, or undefined for a unit that has no layer. */
export function levelOf(unit: string): number | undefined {
  const level = LAYERS.findIndex((layer) => layer.units.includes(unit))
  return level < 0 ? undefined : level
}

/** Whether a file of src (by its path there) is an entry point of the package. */
export function isEntry(path: string): boolean {
  return LAYERS.some((layer) => layer.entries && layer.units.includes(path))
}
