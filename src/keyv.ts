export { KeyvPersistDict } from './integrations/keyv-store.js'
