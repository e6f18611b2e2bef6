/** The option `busyTimeoutMs`, which stores have that wait for other processes. */
import { OptionError } from '../errors/option-error.js'

/** Throws OptionError unless it is a time to wait, or left out. */
export function checkBusyTimeout(busyTimeoutMs: number | undefined): void {
  if (busyTimeoutMs === undefined || busyTimeoutMs >= 0) return
  throw new OptionError('busyTimeoutMs', 'busyTimeoutMs must be 0 or more.')
}
