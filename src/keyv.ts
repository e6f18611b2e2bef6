/**
 * A storage adapter of Keyv 5.
 *
 * @packageDocumentation
 */
export type { ComputeFace, DictFace, SetFace } from './integrations/dict-face.js'
export { type KeyvEntry, KeyvPersistDict } from './integrations/keyv-store.js'
