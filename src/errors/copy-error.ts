import { PersistDictError } from './persist-dict-error.js'

/** An entry that copy() wrote did not come back as it was. What was copied before it stays. */
export class CopyError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_COPY'
  /** The key whose entry came back different. */
  readonly key: unknown
  /** The names of its namespace, from that of the copied dict down. */
  readonly namespace: readonly string[]

  constructor(key: unknown, namespace: readonly string[]) {
    super(
      `The entry of key ${JSON.stringify(key)}${namespace.length === 0 ? '' : ` in namespace ${JSON.stringify(namespace)}`} ` +
        'did not come back from the copy as it was written. Look for somebody else who writes to the target, and begin the copy again.',
    )
    this.key = key
    this.namespace = namespace
  }
}
