// Hears of events in a process of its own: events.mjs DIRECTORY ROLE
//   listen   prints each "expire" that it hears of, until its input ends
//   watch    prints each change of any process, until its input ends
//   write    sets "k0" to "k99" with a ttl of 200 ms, and "own" with an onExpire, which it prints
//   both     writes as above, and listens
//   due      sets 2,000 entries that are due at once, and ends without sweeping
//   sweep    sweeps, and is killed after its first step
import { subscribe } from 'node:diagnostics_channel'
import { open } from 'persistdict'

const [directory, role] = process.argv.slice(2)
const options = role === 'due' ? { background: 'disabled' } : {}
const dict = open(directory, { ...options, durability: 'commit' })
const say = (line) => process.stdout.write(`${line}\n`)
dict.on('error', (error) => say(`error ${error.stack}`))

if (role !== 'due') process.stdin.on('end', () => process.exit()).resume()

if (role === 'sweep') subscribe('persistdict:sweep', () => process.kill(process.pid, 'SIGKILL'))
if (role === 'listen' || role === 'both') {
  dict.on('expire', ({ key, value }) => say(`expire ${key} ${JSON.stringify(value)}`))
}
if (role === 'watch') {
  const watch = dict.watch()
  say('ready')
  for await (const { event, key, value } of watch) {
    say(`${event} ${key} ${JSON.stringify(value)}`)
  }
} else if (role === 'write' || role === 'both') {
  const entries = Array.from({ length: 100 }, (_, n) => [`k${n}`, n])
  dict.setMany(entries, { ttl: 200 })
  dict.set(
    'own',
    { n: 1 },
    { ttl: 60_000, onExpire: ({ key, value }) => say(`own ${key} ${value.n}`) },
  )
} else if (role === 'due') {
  dict.setMany(
    Array.from({ length: 2_000 }, (_, n) => [`k${n}`, n]),
    { ttl: 1 },
  )
  dict.close()
}
if (role !== 'due') say('ready')
