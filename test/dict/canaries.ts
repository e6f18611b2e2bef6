/** Words that tests hide in keys, values and names, and look for in whatever is stored. */

export const CANARIES = [
  'KeyCanary',
  'ValueCanary',
  'TagCanary',
  'SpaceCanary',
  'LockCanary',
  'ComputeCanary',
]

/** Those that these bytes hold: as they are, in UTF-16, or in an encoding that rows may be in. */
export function canariesOf(bytes: Buffer): string[] {
  return CANARIES.filter((canary) => formsOf(canary).some((form) => bytes.includes(form)))
}

function formsOf(canary: string): Buffer[] {
  const bytes = Buffer.from(canary)
  // Base64 of its inside, which does not depend on what comes before it.
  const inside = [0, 1, 2].map((skip) =>
    bytes
      .subarray(skip, skip + 6)
      .toString('base64')
      .slice(0, 8),
  )
  return [
    bytes,
    Buffer.from(canary, 'utf16le'),
    Buffer.from(bytes.toString('hex')),
    ...inside.map((text) => Buffer.from(text)),
  ]
}
