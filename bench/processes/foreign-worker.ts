/** See foreign-writer.ts. It writes one key, which no reader asks for. */
import { open, type PersistDict } from 'persistdict'
import type { Order } from './foreign-writer.js'

/** Commits between two looks at what it is told. */
const COMMITS_PER_TURN = 50

let dict: PersistDict<Record<string, number>> | undefined
let isWriting = false
let commits = 0

process.on('message', (message) => {
  const order = message as Order
  if (order.order === 'write') {
    dict ??= open<Record<string, number>>(order.folder, { durability: 'commit' })
    isWriting = true
    commit()
  } else {
    isWriting = false
    if (order.order === 'stop') {
      dict?.close()
      process.disconnect()
      return
    }
  }
  process.send?.(commits)
})

function commit(): void {
  if (!isWriting) return
  for (let done = 0; done < COMMITS_PER_TURN; done++) dict?.set('of another process', ++commits)
  setImmediate(commit)
}
