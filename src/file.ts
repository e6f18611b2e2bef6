export { type FileOptions, fileStore } from './store/file/open-file.js'
