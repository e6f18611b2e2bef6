export { type TieredOptions, tiered } from './open/tiered.js'
