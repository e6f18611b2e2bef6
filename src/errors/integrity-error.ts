import { PersistDictError } from './persist-dict-error.js'

/** A check at open found something wrong with the store. Nothing was changed. */
export class IntegrityError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_INTEGRITY'
  /** How many findings there were. */
  readonly findings: number
  /** The first of them, as verify() reports them. */
  readonly details: readonly { readonly kind: string; readonly what: string }[]

  constructor(location: string, findings: number, details: IntegrityError['details']) {
    const [first] = details
    super(
      `The check of "${location}" found ${findings} ${findings === 1 ? 'thing' : 'things'} wrong${first === undefined ? '' : `, the first: ${first.what}`} Open it with check: 'off' and call verify({ repair: true }).`,
    )
    this.findings = findings
    this.details = details
  }
}
