import { describe, expect, test } from 'vitest'
import { Progress, table } from '../../docs/demo/report.js'

function written(isTTY: boolean, draw: (progress: Progress) => void): string {
  let text = ''
  draw(new Progress({ isTTY, write: (part: string) => (text += part) }, 100))
  return text
}

describe('Progress', () => {
  test('prints a line for each tenth where there is no terminal', () => {
    const text = written(false, (progress) => {
      for (let i = 1; i <= 100; i++) progress.update(i)
      progress.end()
    })
    expect(text.split('\n').length - 1).toBe(10)
    expect(text).toContain('  100 of 100 chunks embedded\n')
    expect(text).not.toContain('\r')
  })

  test('draws over itself on a terminal, and clears itself at the end', () => {
    const text = written(true, (progress) => {
      progress.update(50)
      progress.update(100)
      progress.end()
    })
    expect(text).not.toContain('\n')
    expect(text).toContain(`\r  ${'█'.repeat(15)}${'░'.repeat(15)} 50 of 100`)
    expect(text.endsWith('\r\x1b[K')).toBe(true)
  })
})

describe('table()', () => {
  test('lines up names to the left and figures to the right', () => {
    expect(
      table([
        ['', 'a'],
        ['long name', '1'],
        ['x', '1,000'],
      ]),
    ).toBe('                  a\n  long name       1\n  x           1,000\n')
  })
})
