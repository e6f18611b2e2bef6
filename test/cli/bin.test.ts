/** The program as people run it: a process of its own, from what was built. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { freshPath } from './places.js'

const BIN = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))

function run(words: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words], {
    input,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('reads standard input, writes standard output, and exits with a code', () => {
  const store = freshPath()
  expect(run(['set', store, 'k'], '{"a": 1}')).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(run(['get', store, 'k', '--json'])).toEqual({ status: 0, stdout: '{"a":1}\n', stderr: '' })
  expect(run(['get', store, 'nobody']).status).toBe(1)
  expect(run(['gett', store]).status).toBe(2)
})

test('ends quietly when whoever reads has had enough', () => {
  const store = freshPath()
  const lines = Array.from({ length: 5_000 }, (_, at) =>
    JSON.stringify({ key: `k${at}`, value: at }),
  )
  run(['import', store], lines.join('\n'))
  const script = `"$0" "$1" keys "$2" | head -n 1; echo "\${PIPESTATUS[0]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, BIN, store], {
    encoding: 'utf8',
  })
  expect({ stdout, stderr }).toEqual({ stdout: 'k0\n0\n', stderr: '' })
})

test.runIf(existsSync('/dev/full'))('says so in a line when its output cannot be written', () => {
  const store = freshPath()
  run(['set', store, 'k', '1'])
  const full = openSync('/dev/full', 'w')
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'export', store], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  })
  closeSync(full)
  expect(status).toBe(3)
  expect(stderr).toMatch(/^persistdict: Standard output cannot be written: .* \(ENOSPC\)\n$/)
})

test('goes on when nobody hears what it complains of', () => {
  const store = freshPath()
  const lines = Array.from({ length: 500 }, (_, at) => `no entry\n{"key":"k${at}","value":${at}}`)
  const script = '"$0" "$1" import "$2" --keep-going --json 2> >(true)'
  const { stdout } = spawnSync('bash', ['-c', script, process.execPath, BIN, store], {
    input: lines.join('\n'),
    encoding: 'utf8',
  })
  expect(JSON.parse(stdout)).toEqual({ imported: 500, skipped: 0, wrong: 500 })
})

test('waits for changes of other processes, until Ctrl-C', async () => {
  const store = freshPath()
  run(['set', store, 'k', '1'])
  const watching = spawn(process.execPath, [BIN, 'watch', store, '--json'])
  let text = ''
  watching.stdout.on('data', (piece) => {
    text += piece
  })
  const exit = once(watching, 'exit')
  while (!text.includes('"key":"k"')) {
    run(['set', store, 'k', '2'])
    await new Promise((resolve) => setImmediate(resolve))
  }
  watching.kill('SIGINT')
  expect(await exit).toEqual([130, null])
})
