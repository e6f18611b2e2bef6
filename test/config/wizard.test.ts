/** The wizard: through a pipe, and on a pseudo-terminal as a person would use it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { configWizard } from '../../src/config/wizard.js'
import { tempDirectory } from '../processes/temp-directory.js'

/** Answers through a pipe, all at once; resolves with the configuration and what was said. */
async function piped(...answers: readonly string[]) {
  const input = new PassThrough()
  const output = new PassThrough({ encoding: 'utf8' })
  let said = ''
  output.on('data', (text: string) => {
    said += text
  })
  input.end(answers.map((answer) => `${answer}\n`).join(''))
  const config = await configWizard({ input, output }).catch(String)
  return { config, said }
}

test('configWizard() by Enter alone is the preset for beginners', async () => {
  const { config, said } = await piped('', '', '', '', '', '', '', '')
  expect(config).toEqual({ store: { kind: 'lmdb', path: './persistdict' } })
  expect(said).toContain('"path": "./persistdict"')
})

test('configWizard() asks again for an answer that cannot be, and says why', async () => {
  const { config, said } = await piped(
    ...['nine', '6', 'sqlit:x', 'sqlite:x.db', 'soon', '7d', '-1', '100', 'none'],
    ...['zip', 'gzip', 'MY KEY', 'MY_KEY', 'perhaps', 'yes'],
  )
  expect(config).toEqual({
    store: { kind: 'sqlite', path: 'x.db' },
    compress: 'gzip',
    maxIdle: '30d',
    maxBytes: null,
    eviction: 'sieve',
    ttl: '7d',
    maxEntries: 100,
    cipher: { kind: 'aes-256-gcm', keys: [{ env: 'MY_KEY' }] },
  })
  for (const why of [
    'There is no preset',
    'Did you mean "sqlite:"?',
    'The setting ttl in the answer',
    'The setting maxEntries in the answer',
    'Did you mean "gzip"?',
    'no name of a variable',
    'answer yes or no',
  ]) {
    expect(said).toContain(why)
  }
})

test('configWizard() leaves out of a preset what the store has no use for, and asks for a password', async () => {
  const { config, said } = await piped('llm_cache', 'redis://h', 'PW', '', '', '', '', '', '')
  expect(config).toMatchObject({
    store: { kind: 'redis', url: 'redis://h', password: { env: 'PW' } },
    maxIdle: '30d',
  })
  for (const name of ['maxBytes', 'eviction']) expect(config).not.toHaveProperty(name)
  expect(said).toContain('Left out, as a redis store has no use for it: maxBytes, eviction.')
  expect(said).not.toContain('How many entries')
})

test('configWizard() begins again after a no, and makes nothing when the input ends', async () => {
  const again = await piped('', './a', '', '', '', '', '', 'no', '', './b', '', '', '', '', '', '')
  expect(again.config).toEqual({ store: { kind: 'lmdb', path: './b' } })
  expect((await piped('simple')).config).toMatch(/ConfigError.*Nothing was made/)
})

/** The wizard in a process that has a terminal, which script(1) makes. */
function onTerminal() {
  const child = fileURLToPath(new URL('../processes/children/wizard.mjs', import.meta.url))
  const file = join(tempDirectory(), 'app.json')
  const command = `'${process.execPath}' '${child}' '${file}'`
  const words = ['--quiet', '--return', '--command', command, '/dev/null']
  // One that can take back what was typed, whatever this process was started from.
  const terminal = spawn('script', words, { env: { ...process.env, TERM: 'xterm' } })
  onTestFinished(() => void terminal.kill('SIGKILL'))
  let shown = ''
  let look = () => {}
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    look()
  })
  /** Waits until the terminal shows a question, and types. */
  const answer = async (question: string, keys: string) => {
    await new Promise<void>((resolve) => {
      look = () => {
        const at = shown.indexOf(question)
        if (at < 0) return
        shown = shown.slice(at + question.length)
        resolve()
      }
      look()
    })
    terminal.stdin.write(keys)
  }
  const ended = once(terminal, 'exit')
  return { file, answer, ended, shown: () => shown }
}

test('configWizard() on a terminal takes typed answers, with corrections', async () => {
  const { file, answer, ended } = onTerminal()
  await answer('What is it for?', '5\r')
  // Typed wrongly, and put right with the backspace key.
  await answer('Where?', './casche\x7f\x7f\x7fhe\r')
  await answer('How long do entries live?', '12h\r')
  await answer('How many entries', '\r')
  await answer('How many bytes', '\r')
  await answer('Compression?', 'brotli\r')
  await answer('in which variable is the key', '\r')
  await answer('Is that right?', 'y\r')
  expect(await ended).toEqual([0, null])
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    store: { kind: 'lmdb', path: './cashe' },
    ttl: '12h',
    maxBytes: 2 ** 30,
    eviction: 'sieve',
    compress: 'brotli',
  })
})

test('Ctrl-C on a terminal ends configWizard(), and nothing is made', async () => {
  const { file, answer, ended, shown } = onTerminal()
  await answer('What is it for?', '\r')
  await answer('Where?', '\x03')
  await ended
  expect(shown()).toContain('ERR_PERSISTDICT_CONFIG: The questions were not answered to the end.')
  expect(existsSync(file)).toBe(false)
})
