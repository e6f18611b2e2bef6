/** What the reference would lack: things without a comment, and types that users cannot name. */
import type { EntryPoint } from './entry-points.js'
import { type Shown, surfaceOf } from './surface.js'

/**
 * Parts of things that are described elsewhere, written down so that anything of their shape fits: a
 * dict, as far as a recipe needs it; a client of another package. Their members bear the names and the
 * meaning that they have there.
 */
const SHAPES: ReadonlySet<string> = new Set([
  'BarrierDict',
  'CallParams',
  'ComputeFace',
  'CopySource',
  'CopyTarget',
  'DictFace',
  'EmbeddingModelFace',
  'LockingDict',
  'ModelName',
  'RedisClientLike',
  'RedisClusterLike',
  'RedisModule',
  'SetFace',
  'UpdatingDict',
])

/** What is wrong with what the entry points export, a line each; nothing if all is well. */
export function findingsIn(entries: readonly EntryPoint[]): string[] {
  const exported = new Set(entries.flatMap((entry) => entry.exported.map(({ name }) => name)))
  const findings = entries.flatMap((entry) => [
    ...(entry.about === '' ? [`${entry.specifier} has no @packageDocumentation`] : []),
    ...surfaceOf(entry).flatMap((item) => [
      ...flaws(item.name, item, exported),
      ...item.members
        .filter(({ text }) => text !== '' || !SHAPES.has(item.name))
        .flatMap((member) => flaws(`${item.name}.${member.name}`, member, exported)),
    ]),
  ])
  // What two entry points export is reported once.
  return [...new Set(findings)]
}

function flaws(path: string, shown: Shown, exported: ReadonlySet<string | undefined>): string[] {
  const unnamable = [...shown.named].filter((name) => !exported.has(name))
  return [
    ...(/^(@default .*)?$/s.test(shown.text) ? [`${path} has no comment`] : []),
    ...unnamable.map((name) => `${path} names ${name}, which no entry point exports`),
  ]
}
