/** Preloaded: the lmdb package cannot be found, as after an installation that left it out. */
const Module = require('node:module')
const resolve = Module._resolveFilename
Module._resolveFilename = function (request, ...rest) {
  if (request !== 'lmdb') return resolve.call(this, request, ...rest)
  throw Object.assign(new Error("Cannot find module 'lmdb'"), { code: 'MODULE_NOT_FOUND' })
}
