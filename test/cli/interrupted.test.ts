/**
 * Ctrl-C while a command is at work. A store that answers at once leaves no turn to anybody: each command
 * has to give one, or the signal is heard when all is done.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { copy } from '../../src/dict/copy/copy.js'
import { memoryStore } from '../../src/memory.js'
import { open } from '../../src/open/open.js'
import { freshPath, PLACES } from './places.js'
import { persistdict, printed, type Setting } from './program.js'

const ENTRIES = 2_000

/** Ends a command as a signal does: in a turn of its own, after it was told to at some point of its work. */
class CtrlC {
  readonly #ending = new AbortController()
  readonly signal = this.#ending.signal
  #left: number

  constructor(after: number) {
    this.#left = after
  }

  readonly count = () => {
    if (--this.#left === 0) setImmediate(() => this.#ending.abort(new Error('ended')))
  }

  /** When the command looks whether it is to end, which it does again and again while it works. */
  whileLooking(): Setting {
    const { signal, count } = this
    const throwIfAborted = () => {
      count()
      AbortSignal.prototype.throwIfAborted.call(signal)
    }
    return { signal: Object.assign(signal, { throwIfAborted }) }
  }
}

function filled(): string {
  const path = freshPath()
  const dict = open<Record<string, number>>(path)
  for (let at = 0; at < ENTRIES; at++) dict.set(`k${at}`, at, { tags: [`t${at % 7}`] })
  dict.close()
  return path
}

describe('Ctrl-C ends', () => {
  test.each(['keys', 'keys --json', 'export'])('%s', async (line) => {
    const [name = '', ...options] = line.split(' ')
    const ctrlC = new CtrlC(2)
    const setting = { signal: ctrlC.signal, onOutput: ctrlC.count }
    const { code, out } = await persistdict([name, filled(), ...options], setting)
    expect(code).toBe(130)
    expect(out.split('\n').length).toBeLessThan(ENTRIES)
  })

  test('export into a file, which is not made', async () => {
    const file = freshPath('.jsonl')
    const setting = new CtrlC(10).whileLooking()
    expect((await persistdict(['export', filled(), '-o', file], setting)).code).toBe(130)
    expect([existsSync(file), existsSync(`${file}.draft`)]).toEqual([false, false])
  })

  test('tags', async () => {
    const setting = new CtrlC(10).whileLooking()
    expect(await persistdict(['tags', filled()], setting)).toEqual({ code: 130, out: '', err: '' })
  })

  // Without a turn, it would be heard after the first minute.
  test('bench', { timeout: 30_000 }, async () => {
    const ctrlC = new CtrlC(1)
    ctrlC.count()
    const words = ['bench', 'memory:', '--seconds', '60']
    expect((await persistdict(words, { signal: ctrlC.signal })).code).toBe(130)
  })

  describe('rotate-keys', () => {
    const [OLD, FRESH] = ['PERSISTDICT_TEST_OLD', 'PERSISTDICT_TEST_FRESH']
    afterEach(() => {
      delete process.env[OLD]
      delete process.env[FRESH]
    })

    test('between two steps, and the next call goes on', async () => {
      process.env[OLD] = Buffer.alloc(32, 1).toString('base64')
      process.env[FRESH] = Buffer.alloc(32, 2).toString('base64')
      const store = freshPath()
      const config = (...keys: string[]) => {
        const path = freshPath('.json')
        const cipher = { kind: 'aes-256-gcm', keys: keys.map((env) => ({ env })) }
        writeFileSync(path, JSON.stringify({ store, cipher }))
        return path
      }
      await printed(['import', config(OLD)], {
        input: Array.from({ length: ENTRIES }, (_, at) => `{"key":"k${at}","value":${at}}\n`).join(
          '',
        ),
      })
      const rotating = config(FRESH, OLD)
      const ctrlC = new CtrlC(1)
      // The first step is told on the terminal.
      const setting = { isTerminal: true, signal: ctrlC.signal, onError: ctrlC.count }
      const { code, err } = await persistdict(['rotate-keys', rotating], setting)
      expect(code).toBe(130)
      expect(err).toContain('sealing 128')
      expect((await persistdict(['keys', config(FRESH)])).code).toBe(3)
      await printed(['rotate-keys', rotating])
      expect(await printed(['keys', config(FRESH), '--count'])).toBe(`${ENTRIES}\n`)
    })
  })
})

test('copy() between two dicts that answer at once lets others have their turn', async () => {
  const [from, to] = [open<Record<string, number>>(memoryStore()), open(memoryStore())]
  for (let at = 0; at < ENTRIES; at++) from.set(`k${at}`, at)
  const ending = new AbortController()
  setImmediate(() => ending.abort(new Error('enough')))
  await expect(copy(from, to, { signal: ending.signal })).rejects.toThrow('enough')
  from.close()
  to.close()
})

test('check tells on a terminal how far it is', async () => {
  const store = PLACES.redis?.() ?? ''
  await printed(['set', store, 'k', '1'])
  const { code, err } = await persistdict(['check', store], { isTerminal: true })
  expect({ code, err }).toEqual({ code: 0, err: '\r\x1b[Klooking 1\r\x1b[K' })
})
