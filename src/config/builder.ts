import type { AsyncPersistDict } from '../dict/async-persist-dict.js'
import type { PersistDict } from '../dict/persist-dict.js'
import { type CheckedConfig, type ConfigInput, checkConfig, inputModel } from './check-config.js'
import { faultIn, originOf } from './explain.js'
import { type CodeOptions, openFromConfig, openFromConfigAsync } from './open-from-config.js'
import { preview } from './preview.js'

/**
 * A configuration in the making. There is a method for each setting, which throws ConfigError for a
 * wrong value, and returns a new builder; the one that it was called on stays as it is.
 */
export type ConfigBuilder = {
  readonly [P in keyof ConfigInput]-?: (value: ConfigInput[P]) => ConfigBuilder
} & {
  /** The configuration. Throws ConfigError. */
  build(): CheckedConfig
  /** See preview(). */
  preview(): string
  /** See openFromConfig(). */
  open<S extends object = Record<string, unknown>>(code?: CodeOptions): PersistDict<S>
  /** See openFromConfigAsync(). */
  openAsync<S extends object = Record<string, unknown>>(
    code?: CodeOptions,
  ): Promise<AsyncPersistDict<S>>
}

/**
 * Begins a configuration: `configBuilder().preset('llm_cache').store('./cache').maxIdle('7d').open()`.
 * It may begin with one that there is.
 */
export function configBuilder(input: ConfigInput = {}): ConfigBuilder {
  const ends = {
    build: () => checkConfig(input),
    preview: () => preview(input),
    open: <S extends object>(code?: CodeOptions) => openFromConfig<S>(input, code),
    openAsync: <S extends object>(code?: CodeOptions) => openFromConfigAsync<S>(input, code),
  }
  const setters = Object.entries(inputModel.shape).map(([name, model]) => [
    name,
    (value: unknown) => {
      const fault = faultIn(model, value, originOf('the builder'), [name])
      if (fault !== undefined) throw fault
      return configBuilder({ ...input, [name]: value })
    },
  ])
  // The model has the names of ConfigInput: check-config.ts would not compile otherwise.
  return { ...Object.fromEntries(setters), ...ends }
}
