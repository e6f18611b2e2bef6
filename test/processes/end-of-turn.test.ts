import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { runChild } from './child.js'

test('endOfTurn() calls in this turn, and after() keeps nothing alive', async () => {
  const ended = await runChild('end-of-turn.mjs', [], { nodeArgs: ['--import', 'tsx'] })
  expect(ended).toMatchObject({ code: 0, stdout: 'called\n', stderr: '' })
})

// It would wait for the next event, and with it the pending writes of a process that has nothing to do.
test('endOfTurn() makes no immediate that is unref-ed', () => {
  const immediates = () => process.getActiveResourcesInfo().filter((name) => name === 'Immediate')
  const before = immediates().length
  const timer = systemClock.endOfTurn(() => {})
  expect(immediates().length).toBe(before + 1)
  timer.cancel()
})
