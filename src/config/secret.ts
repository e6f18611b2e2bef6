/** Secrets of a configuration: as they are, or where they are to be found. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '../errors/config-error.js'

/** A secret: itself, the name of a variable of the environment, or the path of a file. */
export type Secret = string | SecretPlace

/** Where a secret is. In a file, white space at its end does not belong to it. */
export type SecretPlace = { readonly env: string } | { readonly file: string }

const name = z.string().min(1)

export const secretPlaceModel = z.union([
  z.strictObject({ env: name }),
  z.strictObject({ file: name }),
])

export const secretModel = z.union([z.string().min(1), secretPlaceModel])

/** The text of a secret. Throws ConfigError if it is not where it should be. */
export function secretText(secret: Secret, path: string): string {
  return typeof secret === 'string' ? secret : secretBytes(secret, path).toString('utf8').trimEnd()
}

/** What is at a place. Throws ConfigError if there is nothing. */
export function secretBytes(place: SecretPlace, path: string): Buffer {
  if ('env' in place) {
    const text = process.env[place.env]
    if (text !== undefined && text !== '') return Buffer.from(text)
    throw new ConfigError(
      path,
      `The setting ${path} is taken from the variable ${place.env} of the environment, which is not set. Set it.`,
    )
  }
  try {
    return readFileSync(place.file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ConfigError(
      path,
      `The setting ${path} is taken from the file "${place.file}", which cannot be read (${code}). Make it, readable for this user alone.`,
      { cause },
    )
  }
}
