/**
 * `commit-echo.mjs PLACE ROUNDS`: answers each even number that another process commits with the next
 * odd one, woken by commits alone. With ROUNDS 0 it only listens, and should end by itself.
 */
import { storeAt } from './store-at.mjs'

const [path, rounds] = process.argv.slice(2)
const store = storeAt(path)
const key = Buffer.from('number')
const answer = () => {
  const number = Number(store.get('rows', key)?.toString() ?? -1)
  if (number < 0 || number % 2 === 1) return
  store.transaction('committed', (tx) => tx.put('rows', key, Buffer.from(String(number + 1)), 0))
  if (number + 1 < Number(rounds)) return
  store.close()
  process.stdin.destroy()
}
store.onCommit(answer)
console.log('open')
// Listening keeps no process alive: something else must.
if (Number(rounds) > 0) process.stdin.resume()
