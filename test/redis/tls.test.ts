/** A server that speaks TLS and asks clients for a certificate: the settings go to node-redis as they are. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { UnreachableError } from '../../src/index.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { selfSigned } from './certificate.js'
import { MODULES } from './modules.js'
import { ownServer, put, read, storeOn, until } from './rows.js'
import { freePort } from './server.js'

test('rediss: with a certificate that is trusted works, one that is not is an UnreachableError that says so', async () => {
  const { cert, key } = selfSigned()
  const [certFile, keyFile] = ['cert.pem', 'key.pem'].map((name) => join(tempDirectory(), name))
  writeFileSync(certFile as string, cert)
  writeFileSync(keyFile as string, key)
  const port = String(await freePort())
  const files = ['cert', 'ca-cert'].flatMap((use) => [`--tls-${use}-file`, certFile as string])
  await ownServer('--tls-port', port, ...files, '--tls-key-file', keyFile as string)
  const url = `rediss://localhost:${port}`
  for (const [, module] of MODULES) {
    const socket = { ca: cert, cert, key }
    const store = storeOn(url, { module, clientOptions: { socket } })
    expect(await put(store, 'key', 'value')).toBe(true)
    expect(await read(store, 'key')).toBe('value')
    // The connection that listens has the settings, too.
    store.onInvalidate(() => {})
    await until(() => store.hears)
    const refused = [
      { socket: { cert, key }, says: /self-signed certificate/ },
      { socket: { ca: cert }, says: /certificate required|closed|ECONNRESET/ },
    ]
    await Promise.all(
      refused.map(async ({ socket, says }) => {
        const other = storeOn(url, { module, clientOptions: { socket }, timeout: 1_000 })
        await until(async () => {
          const error = await read(other, 'key').catch((thrown: unknown) => thrown)
          expect(error).toBeInstanceOf(UnreachableError)
          // On a busy machine the time may be over before the first answer.
          return says.test(String(error))
        })
      }),
    )
  }
})
