/** All commands, in the order of the help. */
import type { Command } from './command.js'
import { remove } from './commands/delete.js'
import { expire } from './commands/expire.js'
import { get } from './commands/get.js'
import { keys } from './commands/keys.js'
import { namespaces } from './commands/namespaces.js'
import { set } from './commands/set.js'
import { stat } from './commands/stat.js'
import { sweep } from './commands/sweep.js'
import { ttl } from './commands/ttl.js'

export const COMMANDS: readonly Command[] = [
  get,
  set,
  remove,
  keys,
  stat,
  ttl,
  expire,
  sweep,
  namespaces,
]
