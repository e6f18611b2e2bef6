import { expect, test } from 'vitest'
import { type Duration, durationMs } from '../../src/duration.js'

test.each<[Duration, number]>([
  [1, 1],
  [0.5, 0.5],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ['1ms', 1],
  ['250ms', 250],
  ['10s', 10_000],
  ['1.5h', 5_400_000],
  ['10m', 600_000],
  ['30d', 2_592_000_000],
  ['2w', 1_209_600_000],
])('durationMs(%j) is %d', (duration, ms) => {
  expect(durationMs(duration, 'ttl')).toBe(ms)
})

test.each<[Duration]>([
  [0],
  [-0],
  [-1],
  [Number.NaN],
  [Number.NEGATIVE_INFINITY],
  ['0s'],
  ['0.0h'],
])('durationMs(%j) is a RangeError that says what to do instead', (duration) => {
  expect(() => durationMs(duration, 'ttl')).toThrow(RangeError)
  expect(() => durationMs(duration, 'ttl')).toThrow(/^ttl must be greater than 0 .*delete\(\)/)
})

test.each([
  '',
  ' ',
  '10',
  's',
  '10 s',
  '10s ',
  ' 10s',
  '10S',
  '10sec',
  '1e3s',
  '+1s',
  '-1s',
  '.5s',
  '1.s',
  '1,5s',
  '10s\n',
  '١s',
  'Infinityms',
  null,
  undefined,
  {},
  true,
  10n,
])(
  'durationMs() of something else is an OptionError (%#) that shows how durations are written',
  (wrong) => {
    expect(() => durationMs(wrong as Duration, 'lease')).toThrow(
      expect.objectContaining({
        code: 'ERR_PERSISTDICT_OPTION',
        option: 'lease',
        message: expect.stringContaining("'10m'"),
      }),
    )
  },
)
