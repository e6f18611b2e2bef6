/** Preloaded: as if the package yaml were not installed. */
const Module = require('node:module')

const resolve = Module._resolveFilename
Module._resolveFilename = function (name, ...rest) {
  if (name === 'yaml') {
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' })
  }
  return resolve.call(this, name, ...rest)
}
