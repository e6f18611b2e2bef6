import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { CheckedConfig } from '../../config/check-config.js'
import { openFromConfig, openFromConfigAsync } from '../../config/open-from-config.js'
import { answersAtOnce } from '../../config/store-config.js'
import { UnsupportedError } from '../../errors/store-errors.js'
import { type Measure, type Measured, measure } from '../benchmark.js'
import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import type { Io } from '../io.js'
import { positive } from '../positive.js'
import { configOf, STORE } from '../store-place.js'

export const bench = command({
  name: 'bench',
  summary: 'Measure a kind of store, on this machine and beside the store that is named.',
  details:
    'In a new directory beside it, which is removed afterwards, or under a prefix of its own on its server, with the settings of its configuration; the store itself is not touched. One process, one task, one call after the other: other machines, sizes and loads give other figures.',
  args: [
    { ...STORE, about: `${STORE.about} Default: LMDB in a temporary directory.`, isOptional: true },
  ],
  options: {
    seconds: {
      type: 'string',
      value: 'N',
      about: 'How long each kind of call is made. Default: 0.5.',
    },
    size: {
      type: 'string',
      value: 'BYTES',
      about: 'How long the value is, a string. Default: 100.',
    },
  },
  examples: [
    { line: 'bench', about: 'LMDB, on the disk of temporary files' },
    { line: 'bench redis://localhost:6379 --size 10000', about: 'a server, with larger values' },
  ],
  async run({ args: [place], options, io, report }): Promise<ExitCode> {
    const seconds = positive(options.seconds ?? '0.5', '--seconds')
    const value = 'x'.repeat(positive(options.size ?? '100', '--size'))
    const folder = { path: '' }
    try {
      const config = apart(place === undefined ? undefined : configOf(place, io.env), folder)
      const { dict, close } = await opened(config, io)
      try {
        const measures: Measure[] = []
        await measure(dict, value, io.clock, seconds, io.signal, async (each) => {
          io.signal.throwIfAborted()
          measures.push(each)
        })
        await report.table(measures.map(rated), [
          { title: config.store.kind.toUpperCase(), of: ({ operation }) => operation },
          { title: 'CALLS/S', of: ({ perSecond }) => String(perSecond), align: 'end' },
          { title: 'µS A CALL', of: ({ microseconds }) => String(microseconds), align: 'end' },
        ])
      } finally {
        await dict.clear()
        await close()
      }
    } finally {
      if (folder.path !== '') rmSync(folder.path, { recursive: true })
    }
    return EXIT.done
  },
})

function rated({ operation, calls, seconds }: Measure) {
  const perSecond = Math.round(calls / seconds)
  return {
    operation,
    calls,
    perSecond,
    microseconds: Number(((seconds / calls) * 1e6).toPrecision(3)),
  }
}

/** The same settings in a place of its own, where nothing is. `folder` gets what is to be removed. */
function apart(config: CheckedConfig | undefined, folder: { path: string }): CheckedConfig {
  const store = config?.store ?? { kind: 'lmdb', path: join(tmpdir(), 'x') }
  switch (store.kind) {
    case 'memory':
      return { ...config, store }
    case 'redis':
      return { ...config, store: { ...store, prefix: `persistdict-bench-${randomUUID()}` } }
    case 'tiered':
      throw new UnsupportedError(store.kind, 'bench')
    default:
      folder.path = mkdtempSync(join(dirname(resolve(store.path)), 'persistdict-bench-'))
      return { ...config, store: { ...store, path: join(folder.path, 'store') } }
  }
}

type Opened = Measured & { clear(): unknown }

async function opened(
  config: CheckedConfig,
  { clock }: Io,
): Promise<{ readonly dict: Opened; close(): unknown }> {
  const { namespace: _, initial: __, ...settings } = config
  const dict = answersAtOnce(config.store)
    ? openFromConfig(settings, { clock })
    : await openFromConfigAsync(settings, { clock })
  return { dict, close: () => dict.close() }
}
