import { existsSync } from 'node:fs'
import { type CheckedConfig, checkConfig } from '../../config/check-config.js'
import { PRESET_NAMES, type PresetName } from '../../config/presets.js'
import type { Dialogue } from '../../config/questions.js'
import { saveConfig } from '../../config/save-config.js'
import { configWizard } from '../../config/wizard.js'
import { usageError } from '../cli-error.js'
import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import type { Io } from '../io.js'
import { refusePassword } from '../store-place.js'

export const init = command({
  name: 'init',
  summary: 'Write a configuration file, by questions and answers or by options.',
  details:
    'It asks on standard error. With --preset or --store nothing is asked. No secret is asked for, only the names of variables in which they are. Paths are taken from the directory of the file on. A file that is there is left alone. The store itself is made when something is stored.',
  args: [
    {
      name: 'file',
      about: 'Its name ends with .json, .yaml or .yml. Default: persistdict.json.',
      isOptional: true,
    },
  ],
  options: {
    preset: {
      type: 'string',
      value: 'NAME',
      choices: PRESET_NAMES,
      about: 'Settings for a purpose.',
    },
    store: { type: 'string', value: 'ADDRESS', about: 'Where the store is.' },
  },
  examples: [
    { line: 'init', about: 'asks, and writes persistdict.json' },
    { line: 'init app.yaml --preset llm_cache --store ./cache', about: 'asks nothing' },
  ],
  async run({ args: [file = 'persistdict.json'], options, io, report }): Promise<ExitCode> {
    const { preset, store } = options
    if (store !== undefined) refusePassword(store)
    // Before anything is asked.
    if (existsSync(file)) {
      throw usageError(`The file "${file}" is there already. Remove it, or name another.`)
    }
    const isGiven = preset !== undefined || store !== undefined
    const config = isGiven ? given(preset, store) : await configWizard(dialogueOf(io))
    saveConfig(file, config)
    await report.say(
      { file },
      () => `${file} is written. Use it as a store: persistdict keys ${file}`,
    )
    return EXIT.done
  },
})

function given(preset: string | undefined, store: string | undefined): CheckedConfig {
  return checkConfig({
    // One of its choices.
    preset: (preset ?? 'simple') as PresetName,
    ...(store !== undefined && { store }),
  })
}

/** Questions go to standard error: what is printed is the answer to the command. */
function dialogueOf({ stdin, stderr }: Io): Dialogue {
  // What bin.ts hands out are the streams of the process.
  return {
    input: stdin as unknown as Dialogue['input'],
    output: stderr as unknown as Dialogue['output'],
  }
}
