/** A configuration by questions and answers. */
import { COMPRESSOR_NAMES } from '../codec/compressor.js'
import { ConfigError } from '../errors/config-error.js'
import { parseAddress } from './address.js'
import {
  type CheckedConfig,
  type ConfigInput,
  checkConfig,
  inputModel,
  ONLY_AT_ONCE,
} from './check-config.js'
import { faultIn, originOf } from './explain.js'
import { isGroup } from './merge.js'
import { PRESET_ABOUT, PRESET_NAMES, type PresetName, presetConfig } from './presets.js'
import { preview } from './preview.js'
import { type Dialogue, type Question, Questions } from './questions.js'
import { isTakenBy } from './schema-tree.js'
import { answersAtOnce, type StoreConfig } from './store-config.js'

/**
 * Asks for a configuration: a preset, where the store is, and the settings that are most often changed.
 * Answers that cannot be are asked for again. It opens nothing, and asks for no secrets, only for where
 * they are. Rejects with ConfigError if the input ends before the last question, or by Ctrl-C.
 */
export async function configWizard(
  dialogue: Dialogue = { input: process.stdin, output: process.stdout },
): Promise<CheckedConfig> {
  const questions = new Questions(dialogue)
  try {
    for (;;) {
      const config = checkConfig(await answered(questions))
      questions.say(preview(config))
      if ((await questions.ask(RIGHT)) ?? true) return config
    }
  } finally {
    questions.close()
  }
}

async function answered(questions: Questions): Promise<ConfigInput> {
  for (const [at, name] of PRESET_NAMES.entries()) {
    questions.say(`${at + 1}  ${name.padEnd(18)} ${PRESET_ABOUT[name]}`)
  }
  const preset = (await questions.ask(PRESET)) ?? 'simple'
  const usual = checkConfig({ preset })
  const store = await answeredStore(questions, usual.store)
  const settings = answersAtOnce(store) ? usual : withoutUseless(questions, usual, store)
  return {
    ...settings,
    store,
    ...(await answeredSettings(questions, settings, store)),
    cipher: await questions.ask(CIPHER),
  }
}

async function answeredStore(questions: Questions, usual: StoreConfig): Promise<StoreConfig> {
  const store = (await questions.ask(storeQuestion(usual))) ?? usual
  const password = store.kind === 'redis' ? await questions.ask(PASSWORD) : undefined
  return store.kind === 'redis' && password !== undefined ? { ...store, password } : store
}

/** What a preset has for stores of another kind. */
function withoutUseless(
  questions: Questions,
  usual: CheckedConfig,
  { kind }: StoreConfig,
): CheckedConfig {
  const useless = new Set<string>(ONLY_AT_ONCE.filter((name) => usual[name] !== undefined))
  if (useless.size > 0) {
    questions.say(`Left out, as a ${kind} store has no use for it: ${[...useless].join(', ')}.`)
  }
  // What is left out is optional.
  return Object.fromEntries(
    Object.entries(usual).filter(([name]) => !useless.has(name)),
  ) as unknown as CheckedConfig
}

const SETTINGS = {
  ttl: 'How long do entries live? Such as 10m, 12h or 7d, or none for ever.',
  maxEntries: 'How many entries at most? A number, or none.',
  maxBytes: 'How many bytes at most? A number, or none.',
  compress: `Compression? One of none, ${COMPRESSOR_NAMES.join(', ')}.`,
} as const

/** Settings for which there was an answer. */
async function answeredSettings(
  questions: Questions,
  usual: CheckedConfig,
  store: StoreConfig,
): Promise<ConfigInput> {
  const answers: Record<string, unknown> = {}
  const useless: readonly string[] = answersAtOnce(store) ? [] : ONLY_AT_ONCE
  for (const [name, text] of Object.entries(SETTINGS)) {
    if (useless.includes(name)) continue
    const key = name as keyof typeof SETTINGS
    const answer = await questions.ask(settingQuestion(key, text, usual[key]))
    if (answer !== undefined) answers[name] = answer
  }
  return answers
}

const PRESET: Question<PresetName> = {
  text: 'What is it for? A number or a name.',
  usual: 'simple',
  parse(answer) {
    const name = PRESET_NAMES[Number(answer) - 1] ?? (answer as PresetName)
    presetConfig(name)
    return name
  },
}

function storeQuestion(usual: StoreConfig): Question<StoreConfig> {
  return {
    text: 'Where? A path for LMDB, or sqlite:FILE, file:DIRECTORY, redis://HOST:PORT, memory:.',
    usual: 'path' in usual ? `${usual.kind}:${usual.path}` : usual.kind,
    parse: (answer) => parseAddress(answer),
  }
}

/** Asks for a setting, which `none` switches off. */
function settingQuestion(
  name: keyof typeof SETTINGS,
  text: string,
  usual: unknown,
): Question<unknown> {
  const model = inputModel.shape[name]
  return {
    text,
    usual: String((isGroup(usual) ? usual.use : usual) ?? 'none'),
    parse(answer) {
      const plain = /^\d+$/.test(answer) ? Number(answer) : answer
      const value = answer === 'none' && !isTakenBy(model, answer) ? null : plain
      const fault = faultIn(model, value, originOf('the answer'), [name])
      if (fault !== undefined) throw fault
      return value
    },
  }
}

/** A variable's name, so that no secret gets into the configuration. */
function variable(answer: string): { readonly env: string } | undefined {
  if (answer === 'none') return undefined
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(answer)) return { env: answer }
  throw new ConfigError('', 'That is no name of a variable: letters, digits and underscores.')
}

const PASSWORD: Question<{ readonly env: string } | undefined> = {
  text: 'In which variable of the environment is its password?',
  usual: 'none',
  parse: variable,
}

const CIPHER: Question<ConfigInput['cipher']> = {
  text: 'To encrypt it: in which variable is the key, 32 bytes as base64?',
  usual: 'none',
  parse(answer) {
    const key = variable(answer)
    return key && { kind: 'aes-256-gcm', keys: [key] }
  },
}

const RIGHT: Question<boolean> = {
  text: 'Is that right? yes or no.',
  usual: 'yes',
  parse(answer) {
    if (/^y(es)?$/i.test(answer)) return true
    if (/^n(o)?$/i.test(answer)) return false
    throw new ConfigError('', 'Please answer yes or no.')
  },
}
