import { UnsupportedError } from '../../errors/store-errors.js'
import { command } from '../command.js'
import { type Look, looksAtMachine, looksAtPlace } from '../diagnosis.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { verified } from '../findings.js'
import type { Io } from '../io.js'
import { shownBytes, shownSpan } from '../output/text.js'
import { type AnyDict, configOf, STORE, withConfig } from '../store-place.js'

export const doctor = command({
  name: 'doctor',
  summary: 'Look at this machine, and at a store, for what could be in the way.',
  details:
    'Versions and native modules; the directory, its room and its file system; who has the store open; whether it can be opened, and all that "check" looks for. Exits with 1 if anything is bad.',
  args: [{ ...STORE, isOptional: true }],
  options: {
    quick: { type: 'boolean', about: 'Do not look through all entries.' },
  },
  examples: [
    { line: 'doctor', about: 'this machine' },
    { line: 'doctor ./cache', about: 'and a store' },
  ],
  async run({ args: [place], options, io, report }): Promise<ExitCode> {
    const looks = looksAtMachine()
    if (place !== undefined) {
      const config = configOf(place, io.env)
      looks.push(...looksAtPlace(config))
      // Opening would make a store where none is.
      if (!looks.some(({ what, state }) => what === 'directory' && state === 'bad')) {
        const startedAt = io.clock.monotonic()
        try {
          await withConfig(config, { io, shown: place }, async (dict) => {
            const tookMs = io.clock.monotonic() - startedAt
            looks.push({ what: 'open', state: 'good', says: `in ${shownSpan(tookMs)}` })
            looks.push(...(await looksInside(dict, options.quick ?? false, io)))
          })
        } catch (error) {
          if (io.signal.aborted) throw error
          looks.push({ what: 'open', state: 'bad', says: (error as Error).message })
        }
      }
    }
    await report.table(looks, [
      { title: 'WHAT', of: ({ what }) => what },
      { title: 'STATE', of: ({ state }) => state },
      { title: 'SAYS', of: ({ says }) => says },
    ])
    return looks.some(({ state }) => state === 'bad') ? EXIT.no : EXIT.done
  },
})

async function looksInside(dict: AnyDict, isQuick: boolean, io: Io): Promise<Look[]> {
  const { store, location, sizeBytes, engine } = await dict.stats()
  const looks: Look[] = [
    { what: 'store', state: 'good', says: `${store}, ${shownBytes(sizeBytes)}, ${location}` },
  ]
  const { mapSizeBytes, usedBytes } = engine
  if (mapSizeBytes !== undefined && usedBytes !== undefined) {
    const share = usedBytes / mapSizeBytes
    const says = `${(share * 100).toFixed(1)}% of the map of ${shownBytes(mapSizeBytes)} is used`
    looks.push({ what: 'map', state: share > 0.8 ? 'odd' : 'good', says })
  }
  if (isQuick) return looks
  return [...looks, ...(await looksAtEntries(dict, io))]
}

async function looksAtEntries(dict: AnyDict, io: Io): Promise<Look[]> {
  try {
    const { entries, findings } = await verified(dict, {}, io)
    const looks: Look[] = [
      {
        what: 'entries',
        state: findings === 0 ? 'good' : 'bad',
        says:
          findings === 0
            ? `${entries}, all as they should be`
            : `${findings} findings; see "check"`,
      },
    ]
    const quarantined = await dict.quarantine.size()
    if (quarantined > 0) {
      looks.push({ what: 'quarantine', state: 'odd', says: `${quarantined} records; see "repair"` })
    }
    return looks
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    return [{ what: 'entries', state: 'info', says: error.message }]
  }
}
