/**
 * Two stores as one, and synchronous copies of asynchronous dicts.
 *
 * @packageDocumentation
 */
export { type Mirror, type MirrorOptions, mirror } from './open/mirror.js'
export { type TieredOptions, tiered } from './open/tiered.js'
