/** One live value, changed by two processes in turn by plain property access. */
import { open } from 'persistdict'
import { expect, test } from 'vitest'
import { startChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

const ROUNDS = 200

interface State {
  inner: { n: number }
  log: string[]
  marks: Map<string, { round: number }>
}

test('d.state.inner.n++ in two processes by turns: neither loses a change of the other, in the same objects', async () => {
  const path = tempDirectory()
  const dict = open<{ state: State }>(path)
  dict.object.state = { inner: { n: 0 }, log: [], marks: new Map() }
  dict.flushSync()
  const view = dict.object as { state: State }
  const held = view.state
  const { inner, log, marks } = held
  const partner = startChild('live-partner.mjs', [path])
  for (let round = 0; round < ROUNDS; round += 2) {
    partner.process.stdin?.write(`${round}\n`)
    await partner.line((line) => line === `done ${round}`)
    expect(view.state).toBe(held)
    expect(inner.n).toBe(round + 1)
    expect(marks.get(`partner ${round}`)).toEqual({ round })
    inner.n++
    log.push(`test ${round}`)
    await dict.flush()
  }
  partner.process.stdin?.end()
  expect(await partner.ended).toMatchObject({ code: 0, stderr: '' })
  expect(inner.n).toBe(ROUNDS)
  expect(log).toHaveLength(ROUNDS)
  expect(log.slice(-2)).toEqual([`partner ${ROUNDS - 2}`, `test ${ROUNDS - 2}`])
  dict.close()
})
