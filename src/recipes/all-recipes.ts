/** The recipes that the methods of dicts use, sharing the computations of one store. */
import type { ComputeHost } from '../engine/compute/compute-host.js'
import type { ComputeContext, GetOrSetOptions } from '../engine/compute/compute-options.js'
import { computeTerms } from './compute-terms.js'
import { Flights } from './flights.js'
import { memoize } from './memoize.js'
import { memoizeMany } from './memoize-many.js'

/** `random` gives numbers from 0 to 1. */
export function allRecipes(random: () => number = Math.random) {
  const flights = new Flights(random)
  return {
    async getOrSet(
      host: ComputeHost,
      key: { readonly given: unknown; readonly text: string },
      fn: (context: ComputeContext<never, never>) => unknown,
      options: GetOrSetOptions<never>,
    ): Promise<unknown> {
      const terms = computeTerms(options, 'getOrSet()')
      return flights.getOrSet({ host, key: key.text, userKey: key.given, fn, terms })
    },
    memoize,
    memoizeMany,
  }
}
