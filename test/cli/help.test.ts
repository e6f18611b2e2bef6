import { describe, expect, test } from 'vitest'
import { parseCall } from '../../src/cli/call.js'
import { COMMANDS } from '../../src/cli/commands.js'
import { persistdict, printed } from './program.js'

describe('the help', () => {
  test('of the program lists every command', async () => {
    const help = await printed(['--help'])
    for (const { name, summary } of COMMANDS)
      expect(help).toMatch(new RegExp(`^  ${name} .*${summary.slice(0, 10)}`, 'm'))
    expect(await persistdict([])).toEqual({ code: 2, out: help, err: '' })
  })

  test.each(COMMANDS.map((each) => [each.name, each] as const))(
    'of %s has its options, and examples that can be parsed',
    async (name, command) => {
      const help = await printed([name, '--help'])
      expect(await printed(['help', name])).toBe(help)
      expect(help).toContain(`Usage: persistdict ${name}`)
      for (const option of Object.keys(command.options)) expect(help).toContain(`--${option}`)
      expect(command.examples.length).toBeGreaterThan(0)
      for (const { line } of command.examples) {
        const [first, ...words] = wordsOf(line)
        expect(first).toBe(name)
        parseCall(command, words)
      }
      for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    },
  )

  test('of a command, to the letter', async () => {
    expect(await printed(['ttl', '-h'])).toMatchInlineSnapshot(`
      "Usage: persistdict ttl <store> <key> [options]

      Print how long an entry has left.

      Exits with 1 if the key is not there. With --json: {"ttlMs": …}, which is null for an entry that
      never expires.

      Arguments:
        <store>  A path, an address (sqlite:FILE, redis://HOST, env:NAME) or a configuration file.
        <key>    The key.

      Options:
        -n, --namespace NAME  A namespace; again for one within it.
            --json            Print JSON, one value a line, for programs.
        -h, --help            Show this help.

      Examples:
        persistdict ttl ./cache ada
            "9m 59s", or "for ever"
      "
    `)
  })

  test('--version prints the version of the package', async () => {
    expect(await printed(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

/** The words of an example, as a shell makes them: up to a redirection, quotation marks away. */
function wordsOf(line: string): string[] {
  const [command = ''] = line.split(/ [<>|] /)
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  )
}
