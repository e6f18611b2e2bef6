/** What the command's exit code says. docs/cli.md has the same table. */
export const EXIT = Object.freeze({
  /** Done. */
  done: 0,
  /** The answer is no: the key is not there, or something was found that is not as it should be. */
  no: 1,
  /** The command line cannot be understood. Nothing was done. */
  usage: 2,
  /** The store cannot be opened, read or written. */
  store: 3,
  /** This store has no such operation. */
  unsupported: 4,
  /** What was given cannot be stored: a value, a key, a line of a file. */
  input: 5,
  /** A failure that nobody foresaw. */
  failure: 70,
  /** Ended by Ctrl-C, as shells have it: 128 and the number of SIGINT. */
  interrupted: 130,
})

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
