import { expect, test } from 'vitest'
import { runChild } from './child.js'

// An immediate that is unref'd waits for the next event: pending writes of an idle process would, too.
test('endOfTurn() calls in this turn, though no event may ever follow; after() keeps nothing alive', async () => {
  const ended = await runChild('end-of-turn.mjs')
  expect(ended).toMatchObject({ code: 0, stdout: 'called\n', stderr: '' })
})
