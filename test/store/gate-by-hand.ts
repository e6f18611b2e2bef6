/** The words of a gate's lock file that say who is inside, to be read and set by a test: see admission.ts. */
import { join } from 'node:path'
import { mappedWords } from '../../src/store/lmdb/mapped-words.js'

export interface GateWords {
  /** The thread that holds LMDB's mutex. */
  owner: number
  ticket: number
  reservation: number
}

const OWNER = 16
const TICKET = 160
const RESERVATION = 161

/** Those of the store in a directory, which must be open in this process for as long as they are used. */
export function gateWords(directory: string): GateWords {
  const words = mappedWords(join(directory, 'gate.mdb-lock'), 648)
  if (words === undefined) throw new Error(`no gate of ${directory} is open here`)
  const at = (index: number) => ({
    get: () => Atomics.load(words, index),
    set: (value: number) => void Atomics.store(words, index, value),
  })
  return Object.defineProperties({} as GateWords, {
    owner: at(OWNER),
    ticket: at(TICKET),
    reservation: at(RESERVATION),
  })
}

/** Runs `fn` while the store looks as if a thread held its lock. */
export function lockedBy<T>(thread: number, directory: string, fn: () => T): T {
  const words = gateWords(directory)
  words.ticket = thread
  words.owner = thread
  try {
    return fn()
  } finally {
    words.owner = 0
    words.ticket = 0
  }
}
