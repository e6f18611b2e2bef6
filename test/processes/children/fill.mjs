// Sets entries of its own in a directory that has limits. Says how many at the most it saw in it.
import { open } from 'persistdict'

const [path, name, rounds] = process.argv.slice(2)
const dict = open(path, { durability: 'commit' })
let most = 0
for (let round = 0; round < Number(rounds); round++) {
  dict.set(`${name} ${round}`, 'x'.repeat(round % 500))
  if (round % 10 === 0) most = Math.max(most, dict.size)
}
console.log(most)
dict.close()
