/** Who hears of commits by other processes, and what it costs the process that listens. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Timer } from '../../src/clock.js'
import { systemClock } from '../../src/clock.js'
import { CommitWatch } from '../../src/store/commit-watch.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { FakeClock } from '../fake-clock.js'
import { runChild, startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'

const KEY = Buffer.from('number')
/** By the safety look alone, which comes once a second, these would take minutes. */
const ROUNDS = 301

describe('onCommit() on LMDB', () => {
  test.each(['mapped', 'asked'] as const)(
    'onCommit() wakes two processes that answer each other, clock %s',
    async (changeClock) => {
      const store = lmdbStore(tempDirectory(), { changeClock })
      const child = startChild('commit-echo.mjs', [store.location, String(ROUNDS)])
      await child.line((line) => line === 'open')
      const put = (number: number) =>
        store.transaction('committed', (tx) => tx.put('rows', KEY, Buffer.from(`${number}`), 0))
      const answers: number[] = []
      await new Promise<void>((resolve, reject) => {
        child.ended.catch(reject)
        store.onCommit(() => {
          const number = Number(Buffer.from(store.get('rows', KEY) ?? []).toString())
          if (number % 2 === 0) return
          answers.push(number)
          if (number >= ROUNDS) resolve()
          else put(number + 1)
        })
        put(0)
      })
      expect(answers).toEqual(Array.from({ length: (ROUNDS + 1) / 2 }, (_, at) => 2 * at + 1))
      expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
      store.close()
    },
  )

  test('onCommit() keeps no process alive', async () => {
    const ended = await runChild('commit-echo.mjs', [tempDirectory(), '0'])
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('onCommit() with a listener that throws is an uncaught exception, and calls the others', async () => {
    const ended = await runChild('failing-listener.mjs', [tempDirectory()])
    expect(ended).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' })
  })
})

describe('CommitWatch', () => {
  /** A file and ids that a test moves as a commit does. */
  function source(name = 'data.mdb') {
    const file = join(tempDirectory(), name)
    const ids = { published: 1, written: 1 }
    const watched = { file, published: () => ids.published, written: () => ids.written }
    return { file, ids, watched }
  }

  /** Time passes as the test says, and turns end as they do: so no look comes by itself. */
  class HalfClock extends FakeClock {
    override endOfTurn(callback: () => void): Timer {
      return systemClock.endOfTurn(callback)
    }
  }

  function watching(of: ReturnType<typeof source>) {
    const clock = new HalfClock()
    const watch = new CommitWatch(of.watched, clock)
    onTestFinished(() => watch.close())
    let calls = 0
    const heard = { calls: () => calls, stop: () => {} }
    heard.stop = watch.add(() => calls++)
    return { clock, watch, ...heard }
  }

  test('add() tells of a write to the file by itself', async () => {
    const of = source()
    writeFileSync(of.file, '')
    const { calls } = watching(of)
    of.ids.published = of.ids.written = 2
    appendFileSync(of.file, 'page')
    await expect.poll(calls).toBe(1)
  })

  test('add() looks again while a commit is written and not yet published', async () => {
    const of = source()
    writeFileSync(of.file, '')
    let looks = 0
    const published = of.watched.published
    of.watched.published = () => {
      looks++
      return published()
    }
    const { calls, clock } = watching(of)
    const before = looks
    of.ids.written = 2
    appendFileSync(of.file, 'meta page')
    await expect.poll(() => looks).toBeGreaterThan(before)
    // The writer is stopped here for longer than any look lasts. No event will come any more.
    clock.advance(900)
    expect(calls()).toBe(0)
    of.ids.published = 2
    clock.advance(100)
    await expect.poll(calls).toBe(1)
  })

  test('add() looks now and then where the system cannot watch', async () => {
    const of = source('absent')
    const { calls, clock } = watching(of)
    for (const id of [2, 3]) {
      of.ids.published = of.ids.written = id
      clock.advance(50)
      await expect.poll(calls).toBe(id - 1)
    }
  })

  test('add() looks once a second though the kernel dropped the event', async () => {
    const of = source()
    writeFileSync(of.file, '')
    const { calls, clock } = watching(of)
    of.ids.published = of.ids.written = 2
    clock.advance(1_000)
    await expect.poll(calls).toBe(1)
  })

  test('add() of a listener calls it where looking fails: it will meet the failure itself', async () => {
    const of = source()
    writeFileSync(of.file, '')
    const { calls, clock } = watching(of)
    of.watched.published = () => {
      throw new Error('gone')
    }
    clock.advance(1_000)
    await expect.poll(calls).toBe(1)
  })

  test('add() looks no more once all have stopped', () => {
    const of = source()
    writeFileSync(of.file, '')
    const { stop, clock } = watching(of)
    stop()
    let looks = 0
    of.watched.published = () => ++looks
    appendFileSync(of.file, 'page')
    clock.advance(10_000)
    expect(looks).toBe(0)
  })
})
