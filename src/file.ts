/**
 * A store of files: one file an entry, readable with any tool.
 *
 * @packageDocumentation
 */
export { type FileOptions, fileStore } from './store/file/open-file.js'
