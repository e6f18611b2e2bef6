/** The commands that read and write entries: what they print, to the letter. */
import { beforeEach, describe, expect, test } from 'vitest'
import { freshPath } from './places.js'
import { persistdict, printed } from './program.js'

let store: string
beforeEach(() => {
  store = freshPath()
})

describe('set and get', () => {
  test('keep a value', async () => {
    expect(await printed(['set', store, 'ada', '{"name": "Ada", "logins": 1}'])).toBe('')
    expect(await printed(['get', store, 'ada'])).toBe("{ name: 'Ada', logins: 1 }\n")
    expect(await printed(['get', store, 'ada', '--json'])).toBe('{"name":"Ada","logins":1}\n')
  })

  test('keep values that JSON does not have', async () => {
    await printed(['set', store, 'm', '{"$map": [["a", {"$date": "2026-01-31T12:00:00Z"}]]}'])
    expect(await printed(['get', store, 'm'])).toBe("Map(1) { 'a' => 2026-01-31T12:00:00.000Z }\n")
    expect(await printed(['get', store, 'm', '--json'])).toBe(
      '{"$map":[["a",{"$date":"2026-01-31T12:00:00.000Z"}]]}\n',
    )
  })

  test('take strings and bytes as they are', async () => {
    await printed(['set', store, 'text', '--text', 'say "hello"'])
    await printed(['set', store, 'bytes', '--bytes'], { input: Buffer.from([1, 0, 65]) })
    expect(await printed(['get', store, 'text', '--raw'])).toBe('say "hello"')
    expect(await printed(['get', store, 'bytes', '--raw'])).toBe('\x01\0A')
    expect(await printed(['get', store, 'bytes'])).toBe('<Buffer 01 00 41>\n')
  })

  test('take a value from standard input', async () => {
    await printed(['set', store, 'list'], { input: '[1, 2]\n' })
    await printed(['set', store, 'text', '-', '--text'], { input: 'x\n' })
    expect(await printed(['get', store, 'list', '--json'])).toBe('[1,2]\n')
    expect(await printed(['get', store, 'text', '--json'])).toBe('"x\\n"\n')
  })

  test('name namespaces by -n, once for each', async () => {
    await printed(['set', store, 'k', '1', '-n', 'users', '-n', 'eu'])
    expect(await printed(['get', store, 'k', '-n', 'users', '-n', 'eu'])).toBe('1\n')
    expect((await persistdict(['get', store, 'k', '-n', 'users'])).code).toBe(1)
    expect(await printed(['namespaces', store])).toBe('NAMESPACE  ENTRIES\nusers/eu         1\n')
    expect(await printed(['namespaces', store, '--json'])).toBe(
      '{"namespace":["users","eu"],"entries":1}\n',
    )
  })

  test('with --new, leave a key that is there', async () => {
    await printed(['set', store, 'k', '1', '--new'])
    const second = await persistdict(['set', store, 'k', '2', '--new'])
    expect(second).toEqual({ code: 1, out: '', err: 'The key k is there already.\n' })
    expect(await printed(['get', store, 'k'])).toBe('1\n')
  })

  test('show nothing that a terminal would obey', async () => {
    await printed(['set', store, 'a\x1b[2J', '"\\u001b[2J"'])
    expect(await printed(['get', store, 'a\x1b[2J'])).toBe("'\\x1B[2J'\n")
    expect(await printed(['keys', store])).toBe('"a\\u001b[2J"\n')
  })
})

describe('an absent key', () => {
  test.each([
    ['get', []],
    ['stat', []],
    ['ttl', []],
    ['expire', ['1h']],
  ])('makes %s exit with 1', async (name, more) => {
    await printed(['set', store, 'k', '1'])
    const { code, out, err } = await persistdict([name, store, 'nobody', ...more])
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: 'There is no key nobody.\n' })
  })
})

describe('keys', () => {
  beforeEach(async () => {
    for (const key of ['b:2', 'b:1', 'a', '']) await printed(['set', store, key, '1'])
  })

  test.each([
    [[], '""\na\nb:1\nb:2\n'],
    [['--prefix', 'b:'], 'b:1\nb:2\n'],
    [['--from', 'a', '--to', 'b:2'], 'a\nb:1\n'],
    [['--reverse', '--limit', '1'], 'b:2\n'],
    [['--order', 'insertion', '--limit', '2'], 'b:2\nb:1\n'],
    [['--count'], '4\n'],
    [['--json', '--limit', '1'], '""\n'],
    [['--json', '--count'], '{"count":4}\n'],
  ])('%j', async (options, out) => {
    expect(await printed(['keys', store, ...options])).toBe(out)
  })
})

describe('delete', () => {
  beforeEach(async () => {
    for (const key of ['a', 'b', 'c']) await printed(['set', store, key, '1'])
  })

  test('says how many it removed, and exits with 1 if one was not there', async () => {
    expect(await printed(['delete', store, 'a'])).toBe('1 entry deleted\n')
    const second = await persistdict(['delete', store, 'a', 'b', '--json'])
    expect(second).toEqual({ code: 1, out: '{"deleted":1}\n', err: '' })
  })

  test('empties a namespace with --all', async () => {
    await printed(['set', store, 'x', '1', '-n', 'n'])
    expect(await printed(['delete', store, '--all'])).toBe('3 entries deleted\n')
    expect(await printed(['keys', store, '-n', 'n'])).toBe('x\n')
  })
})

describe('time', () => {
  test('ttl, expire and stat tell what is left', async () => {
    await printed(['set', store, 'k', '1', '--ttl', '90s', '-t', 'one', '-t', 'two'])
    expect(await printed(['ttl', store, 'k'])).toBe('1m 30s\n')
    await printed(['expire', store, 'k', '2d'])
    expect(await printed(['ttl', store, 'k', '--json'])).toBe('{"ttlMs":172800000}\n')
    expect(await printed(['stat', store, 'k'])).toMatch(
      /^key {6}k\nsize {5}1 B\ncreated {2}2026-01-31T12:00:00.000Z\nupdated {2}.*\nexpires {2}2026-02-02T12:00:00.000Z \(in 2d\)\ntags {5}one, two\nversion {2}\d+\n$/,
    )
    await printed(['expire', store, 'k', 'never'])
    expect(await printed(['ttl', store, 'k'])).toBe('for ever\n')
    expect(await printed(['ttl', store, 'k', '--json'])).toBe('{"ttlMs":null}\n')
  })

  test('sweep removes what has expired', async () => {
    await printed(['set', store, 'k', '1', '--expires-at', '2026-01-31T11:00:00Z'])
    expect(await printed(['keys', store])).toBe('')
    expect(await printed(['sweep', store])).toBe('1 expired entry removed\n')
    expect(await printed(['sweep', store, '--json'])).toBe('{"removed":0}\n')
  })
})

describe('what cannot be done', () => {
  test.each([
    [['get'], 2, '<store> is missing. Usage: persistdict get <store> <key> [options]'],
    [['get', 'x', 'y', 'z'], 2, 'There is a word too many: "z".'],
    [['get', 'x', 'y', '--jsno'], 2, 'There is no option --jsno. Did you mean --json?'],
    [['set', 'x', 'k', '-5'], 2, 'A word that begins with - comes after --.'],
    [['watch', 'x', '--limit', 'abc'], 2, '--limit takes a number above 0, and got "abc".'],
    [['kesy', 'x'], 2, 'There is no command "kesy". Did you mean "keys"?'],
    [['keys', 'x', '--limit', 'many'], 2, '--limit takes a number, and got "many".'],
    [['keys', 'x', '--order', 'random'], 2, '--order must be one of key, insertion.'],
    [['expire', 'x', 'k', 'soon'], 2, '<ttl> takes a number with a unit'],
    [['expire', 'x', 'k', '0'], 2, '<ttl> takes a number with a unit'],
    [['set', 'x', 'k', '1', '--expires-at', 'soon'], 2, '--expires-at takes an ISO date'],
    [['delete', 'x'], 2, 'Name the keys to delete, or give --all'],
    [['set', 'x', 'k', '{oops'], 5, 'The value is not JSON'],
    [['set', 'x', 'k', 'Ada'], 5, 'Add --text to store it as a string.'],
    [['set', 'x', 'k', '{"$dat": 1}'], 5, 'The value has "$dat", which is no type.'],
  ])('%j exits with %i', async (words, code, message) => {
    const outcome = await persistdict(words)
    expect(outcome).toMatchObject({ code, out: '' })
    expect(outcome.err).toContain(message)
  })

  test('a store that is not there is not made by reading', async () => {
    const { code, err } = await persistdict(['get', store, 'k'])
    expect(code).toBe(3)
    expect(err).toContain(`There is no store at "${store}".`)
    expect(err).toContain('(ERR_PERSISTDICT_CLI_NO_STORE)')
    const asJson = await persistdict(['get', store, 'k', '--json'])
    expect(JSON.parse(asJson.err).error.code).toBe('ERR_PERSISTDICT_CLI_NO_STORE')
  })
})
