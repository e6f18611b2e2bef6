/**
 * Large values, and a map that grows under several processes. VALUE_MIB and GROWTH_MIB set how large: 100
 * and 2,500 in `npm run soak:large`.
 */
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, ValueTooLongError } from 'persistdict'
import { expect, onTestFinished, test } from 'vitest'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'

const MIB = 2 ** 20
/** Values over 16 MiB are lent by LMDB, and not copied, until we do. */
const VALUE_MIB = Number(process.env.VALUE_MIB ?? 20)
const GROWTH_MIB = Number(process.env.GROWTH_MIB ?? 40)

const sizeOf = (path: string, generation = 'g1') =>
  statSync(join(path, generation, 'data.mdb')).size

/** Bytes that tell where they are from. */
function bytesOf(size: number, start: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 4_096) bytes.writeUInt32LE((start + at) >>> 0, at)
  return bytes
}

test('a value of many MB is set, read, replaced, backed up and deleted like any other', async () => {
  const path = tempDirectory()
  const target = join(tempDirectory(), 'backup')
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  onTestFinished(() => rmSync(target, { recursive: true, force: true }))
  const dict = open<Record<string, Buffer>>(path, { durability: 'commit' })
  const first = bytesOf(VALUE_MIB * MIB, 1)
  dict.set('big', first)
  dict.clearCache()
  expect(first.equals(dict.get('big') as Buffer)).toBe(true)
  const second = bytesOf(VALUE_MIB * MIB, 2)
  dict.update('big', (bytes) => {
    expect(first.equals(bytes as Buffer)).toBe(true)
    return second
  })
  await dict.backup(target)
  {
    using copy = open<Record<string, Buffer>>(target)
    expect(second.equals(copy.get('big') as Buffer)).toBe(true)
  }
  expect(() => dict.set('too long', Buffer.alloc(256 * MIB))).toThrow(ValueTooLongError)
  expect(dict.delete('big')).toBe(true)
  expect([dict.get('big'), dict.size]).toEqual([undefined, 0])
  // Its pages are used again: the file does not grow by each value that comes and goes.
  for (let round = 0; round < 2; round++) dict.set('big', first)
  expect(sizeOf(path)).toBeLessThan(4.2 * VALUE_MIB * MIB)
  dict.delete('big')
  expect(await dict.verify()).toMatchObject({ findings: 0 })
  await dict.compact()
  expect(sizeOf(path, 'g2')).toBeLessThan(MIB)
  dict.close()
})

test('a map set to 2 MiB grows while three processes have it open, and each reads what the others wrote', async () => {
  const path = tempDirectory()
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const children = [1, 2, 3].map(() => {
    const child = startChild('growing.mjs', [path, String(2 * MIB)], { deadlineMs: 1_200_000 })
    onTestFinished(() => void child.process.kill('SIGKILL'))
    return child
  })
  for (const child of children) await child.line((line) => line === 'open')
  let total = 0
  for (let round = 0; total < GROWTH_MIB; round++) {
    // Small at first, so that there are many steps.
    const size = Math.min(2 ** round, 100)
    total += size
    const [writer, ...readers] = children.map((_, at) => children[(round + at) % 3]) as [
      (typeof children)[number],
    ]
    writer.process.stdin?.write(`set ${round} ${size * MIB}\n`)
    await writer.line((line) => line === `set ${round}`)
    for (const each of [writer, ...readers]) {
      each.process.stdin?.write(`get ${round}\n`)
      await each.line((line) => line === `got ${round} ${size * MIB} true`)
    }
  }
  expect(sizeOf(path)).toBeGreaterThanOrEqual(GROWTH_MIB * MIB)
  for (const { process } of children) process.stdin?.end()
  for (const { ended } of children) expect(await ended).toMatchObject({ code: 0, stderr: '' })
}, 1_200_000)
