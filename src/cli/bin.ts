#!/usr/bin/env node
/** The `persistdict` command: run() with the process's own streams and signals. */
import { keepAlive, systemClock } from '../clock.js'
import { EXIT } from './exit-code.js'
import { run } from './run.js'

const { stdin, stdout, stderr, env } = process
const ending = new AbortController()
let status: number | undefined

// The first Ctrl-C ends a command in good order; the second ends the process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => ending.abort(new Error(`ended by ${signal}`)))
}
// Whoever reads has enough, as `head` does: that is no failure of the command.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    status = EXIT.done
  } else if (status === undefined) {
    // Such as a full disk: what was printed is not all.
    status = EXIT.store
    stderr.write(
      `persistdict: Standard output cannot be written: ${error.message} (${error.code})\n`,
    )
  }
  ending.abort(error)
})
// There is nobody left to tell.
stderr.on('error', () => {})

// Nothing of the library does: a command that only waits would end at once.
const alive = keepAlive()
const code = await run(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  signal: ending.signal,
  clock: systemClock,
})
alive.cancel()
process.exitCode = status ?? code
