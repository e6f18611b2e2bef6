/** `open-sqlite.mjs FILE`: opens a store there, and says that it did, or the error as JSON. */
import { sqliteStore } from 'persistdict/sqlite'

try {
  sqliteStore(process.argv[2]).close()
  console.log('opened')
} catch ({ code, packageName, message }) {
  console.log(JSON.stringify({ code, packageName, message }))
}
