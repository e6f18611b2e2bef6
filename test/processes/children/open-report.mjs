/**
 * `open-report.mjs '{ paths, options, user }'`: opens each path and prints a line of JSON: what was
 * found, or the error. As another user if one is given. Writes a key, so that a dict that opened works.
 */
import { open } from 'persistdict'

process.on('unhandledRejection', (error) => {
  console.log(JSON.stringify({ unhandled: String(error) }))
})
const { paths, options = {}, user } = JSON.parse(process.argv[2])
if (user !== undefined && process.getuid() === 0) {
  process.setgroups([])
  process.setgid(user)
  process.setuid(user)
}
for (const path of paths) console.log(JSON.stringify({ path, ...report(path) }))

function report(path) {
  try {
    const dict = open(path, options)
    const keys = [...dict.keys()]
    const values = keys.filter((key) => dict.get(key)?.text === `value of ${key}`)
    dict.set('written by open-report', 1)
    dict.flushSync()
    const isWritten = dict.get('written by open-report') === 1
    dict.close()
    return { opened: true, keys: keys.length, right: values.length, isWritten }
  } catch (error) {
    const { name, code, message } = error
    return { opened: false, name, code, message, cause: String(error.cause?.message ?? '') }
  }
}
