/**
 * A certificate for loopback, signed with its own key: X.509 version 3 with an elliptic curve. Node's crypto has the
 * keys and the signature; the rest is a few structures of DER, written here.
 */
import { generateKeyPairSync, sign } from 'node:crypto'

export interface Certificate {
  /** In PEM. */
  readonly cert: string
  readonly key: string
}

const YEAR_MS = 365 * 86_400_000

const SEQUENCE = 0x30
const SET = 0x31

export function selfSigned(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, oid(1, 2, 840, 10045, 4, 3, 2))
  const commonName = der(SEQUENCE, oid(2, 5, 4, 3), der(0x0c, Buffer.from('localhost')))
  const name = der(SEQUENCE, der(SET, commonName))
  const now = Date.now()
  const toBeSigned = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    algorithm,
    name,
    der(SEQUENCE, utcTime(now - YEAR_MS), utcTime(now + YEAR_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, alternativeNames())),
  )
  // A bit string begins with the number of bits that its last byte does not use.
  const signature = der(0x03, Buffer.of(0), sign('sha256', toBeSigned, privateKey))
  const bytes = der(SEQUENCE, toBeSigned, algorithm, signature)
  const lines = bytes
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** The name and the address that clients compare. */
function alternativeNames(): Buffer {
  const names = der(
    SEQUENCE,
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.of(127, 0, 0, 1)),
  )
  return der(SEQUENCE, oid(2, 5, 29, 17), der(0x04, names))
}

function utcTime(at: number): Buffer {
  const text = new Date(at).toISOString().replace(/[-:T]/g, '')
  return der(0x17, Buffer.from(`${text.slice(2, 14)}Z`))
}

function oid(first: number, second: number, ...rest: number[]): Buffer {
  const bytes = [first * 40 + second]
  for (const part of rest) {
    const digits = [part % 128]
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift((left % 128) + 128)
    }
    bytes.push(...digits)
  }
  return der(0x06, Buffer.from(bytes))
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}
