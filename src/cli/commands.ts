/** All commands, in the order of the help. */
import type { Command } from './command.js'
import { backup } from './commands/backup.js'
import { bench } from './commands/bench.js'
import { check } from './commands/check.js'
import { compact } from './commands/compact.js'
import { completionOf } from './commands/completion.js'
import { copyEntries } from './commands/copy.js'
import { remove } from './commands/delete.js'
import { doctor } from './commands/doctor.js'
import { expire } from './commands/expire.js'
import { exportEntries } from './commands/export.js'
import { get } from './commands/get.js'
import { importEntries } from './commands/import.js'
import { init } from './commands/init.js'
import { keys } from './commands/keys.js'
import { namespaces } from './commands/namespaces.js'
import { repair } from './commands/repair.js'
import { restore } from './commands/restore.js'
import { rotateKeys } from './commands/rotate-keys.js'
import { set } from './commands/set.js'
import { stat } from './commands/stat.js'
import { sweep } from './commands/sweep.js'
import { tags } from './commands/tags.js'
import { top } from './commands/top.js'
import { ttl } from './commands/ttl.js'
import { watch } from './commands/watch.js'

const WORKING: readonly Command[] = [
  init,
  get,
  set,
  remove,
  keys,
  stat,
  ttl,
  expire,
  tags,
  namespaces,
  sweep,
  watch,
  top,
  exportEntries,
  importEntries,
  copyEntries,
  backup,
  restore,
  compact,
  check,
  repair,
  rotateKeys,
  doctor,
  bench,
]

export const COMMANDS: readonly Command[] = [...WORKING, completionOf(WORKING)]
