/** The seed of a property test: printed, and taken from SEED to replay it. */
export function seedOf(what: string): number {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`${what}: seed ${seed} (again: SEED=${seed})`)
  return seed
}
