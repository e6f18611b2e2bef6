import { EXIT, type ExitCode } from './exit-code.js'
import type { Io } from './io.js'
import { shownKey } from './output/text.js'

/** Says that a key is not there; for programs, the exit code says it. */
export function absent(io: Io, key: string, isJson: boolean): ExitCode {
  if (!isJson) io.stderr.write(`There is no key ${shownKey(key)}.\n`)
  return EXIT.no
}
