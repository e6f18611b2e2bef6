import { createRequire } from 'node:module'

/** The version of this package, which finds itself by its name wherever the build puts this code. */
export function ownVersion(): string {
  return createRequire(import.meta.url)('persistdict/package.json').version
}
