/** Functions whose values are kept, by the content of their arguments. */
import type { GetOrSetOptions } from '../engine/compute/compute-options.js'
import type {
  Memoized,
  MemoizeExplanation,
  MemoizeKeyOptions,
  MemoizeOptions,
  MemoizeTarget,
} from '../engine/compute/memoize-options.js'
import type { Awaitable } from '../engine/leases/lease-table.js'
import { checkFunction } from '../errors/checked-argument.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import { type CanonicalOptions, canonicalKey, explainKey } from './canonical-key.js'
import { COMPUTE_OPTIONS, computeTerms } from './compute-terms.js'

export const KEY_OPTIONS = ['name', 'version', 'key', 'ignore'] as const

export function memoize<A extends readonly unknown[], R>(
  target: (name: string) => MemoizeTarget,
  fn: (...args: A) => R | PromiseLike<R>,
  options: MemoizeOptions<A, R>,
): Memoized<A, R> {
  checkFunction(fn, 'memoize()')
  refuseUnknown(options, [...KEY_OPTIONS, ...COMPUTE_OPTIONS], 'memoize()')
  const { key: makeKey, name: _name, version: _version, ignore: _ignore, ...compute } = options
  computeTerms(compute as GetOrSetOptions<never>, 'memoize()')
  const keys = new MemoizeKeys(fn, options)
  const dict = target(keys.name)
  const counts = { hits: 0, misses: 0, calls: 0, errors: 0 }
  const keyOf = (args: A) => keys.key(makeKey === undefined ? args : [makeKey(...args)])

  const call = async (...args: A): Promise<R> => {
    const key = keyOf(args)
    const found = await dict.get(key)
    if (found === undefined) counts.misses++
    else counts.hits++
    // An early refresh is decided where the entry is known.
    if (found !== undefined && !compute.earlyRefresh) return found as R
    const run = () => {
      counts.calls++
      return fn(...args)
    }
    try {
      return (await dict.getOrSet(key, run, compute as GetOrSetOptions)) as R
    } catch (error) {
      counts.errors++
      throw error
    }
  }
  return Object.assign(call, {
    invalidate: async (...args: A) => (await dict.deleteMany([keyOf(args)])) > 0,
    peek: (...args: A) => dict.get(keyOf(args)) as Awaitable<R | undefined>,
    invalidateTag: (...tags: string[]) => dict.invalidateTag(...tags),
    clear: () => dict.clear(),
    explain: (...args: A) => keys.explain(makeKey === undefined ? args : [makeKey(...args)]),
    stats: () => ({ ...counts }),
  })
}

/** How the calls of one function become keys. */
export class MemoizeKeys {
  readonly name: string
  readonly #version: string | number | undefined
  readonly #options: CanonicalOptions

  constructor(fn: { readonly name: string }, { name, version, ignore }: MemoizeKeyOptions) {
    this.name = name ?? fn.name
    this.#version = version
    this.#options = { ignore, isArguments: true }
    if (typeof this.name === 'string' && this.name !== '') return
    throw new OptionError(
      'name',
      'The function has no name: give it one (name), which must not change from run to run.',
    )
  }

  /** The key of arguments, or of what stands for them. Throws UnkeyableValueError. */
  key(args: readonly unknown[]): string {
    return this.#versioned(canonicalKey(withoutTrailingUndefined(args), this.#options))
  }

  explain(args: readonly unknown[]): MemoizeExplanation {
    const { key, parts, ignored } = explainKey(withoutTrailingUndefined(args), this.#options)
    const { name } = this
    return { name, version: this.#version, key: this.#versioned(key), parts, ignored }
  }

  /** Digests have one length, so versions cannot be taken for each other. */
  #versioned(digest: string): string {
    return this.#version === undefined ? digest : `${this.#version}/${digest}`
  }
}

/** Arguments at the end that are undefined might as well not be there. */
function withoutTrailingUndefined(args: readonly unknown[]): readonly unknown[] {
  let { length } = args
  while (length > 0 && args[length - 1] === undefined) length--
  return args.slice(0, length)
}
