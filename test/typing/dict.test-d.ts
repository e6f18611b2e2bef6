/**
 * What the types promise, checked by `tsc` as part of `npm run check`. Nothing here runs.
 * Each `@ts-expect-error` is a misuse that must not compile, with the reason beside it.
 */
import { z } from 'zod'
import { type Frozen, open, openTyped, type PersistDict } from '../../src/index.js'

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_proof: Same<A, B>): void {}

interface User {
  name: string
  tags: string[]
  born?: Date
}

declare const users: PersistDict<Record<string, User>>
declare const state: PersistDict<{ user: User; count: number }>

// A shape with any key
same<ReturnType<typeof users.get<string>>, Frozen<User> | undefined>(true)
users.set('ada', { name: 'Ada', tags: [] }, { ttl: '10m' })
users.set(1, { name: 'One', tags: [] })
const name: string = users.get('ada')?.name ?? ''
const fallback: Frozen<User> | null = users.get('ada', null)
void [name, fallback]

// @ts-expect-error a value of another type
users.set('ada', { name: 1, tags: [] })
// @ts-expect-error a miss is undefined, and must be dealt with
users.get('ada').name
// @ts-expect-error values are frozen: update() or the object view change them
users.get('ada', { name: '', tags: [] }).name = 'Ada L.'
// @ts-expect-error frozen all the way down
users.get('ada')?.tags.push('x')
// @ts-expect-error durations have a unit
users.set('ada', { name: 'Ada', tags: [] }, { ttl: '10 minutes' })
// @ts-expect-error an unknown option
users.set('ada', { name: 'Ada', tags: [] }, { TTL: 10 })

// A shape with named keys
same<ReturnType<typeof state.get<'count'>>, number | undefined>(true)
state.set('count', 1)
state.update('user', (user) => user)
const next: number | undefined = state.update('count', (count = 0) => count + 1)
void next
// @ts-expect-error no such key
state.get('cuont')
// @ts-expect-error the value of another key
state.set('count', { name: 'Ada', tags: [] })
// @ts-expect-error an asynchronous update would hang the store's transaction
state.update('count', async (count = 0) => count + 1)

// Transactions are synchronous
const sum: number = state.transaction((dict) => (dict.get('count') ?? 0) + 1)
void sum
// @ts-expect-error a promise cannot be part of a synchronous transaction
state.transaction(async () => 1)
// @ts-expect-error the same, spelled as a promise
state.transaction(() => Promise.resolve(1))

// The object view: any property may be missing, and may be deleted
const view = state.object
view.count = 1
view.user = { name: 'Ada', tags: [] }
if (view.user !== undefined) view.user.name = 'Ada L.'
delete view.count
// @ts-expect-error a property may be missing
state.object.user.tags.push('x')
// @ts-expect-error the value of another key
view.count = 'one'

// A dict is a ReadonlyMap of frozen values
const map: ReadonlyMap<string, Frozen<User>> = users
void map

// Schemas give the types
const typed = openTyped('./state', {
  user: z.object({ name: z.string(), age: z.coerce.number() }),
  visits: z.number(),
})
same<ReturnType<typeof typed.get<'visits'>>, number | undefined>(true)
const age: number | undefined = typed.get('user')?.age
void age
// @ts-expect-error not what the schema gives
typed.set('visits', 'many')
// @ts-expect-error a key without a schema
typed.get('visit')

// Leaves are handed out as copies, and stay what they are
declare const dates: PersistDict<
  Record<string, { at: Date; bytes: Uint8Array; by: Map<string, User> }>
>
const at: Date | undefined = dates.get('x')?.at
const bytes: Uint8Array | undefined = dates.get('x')?.bytes
same<NonNullable<ReturnType<typeof dates.get<string>>>['by'], Map<string, Frozen<User>>>(true)
void [at, bytes]

// Keys of other types need a key serializer, which also types them
const pairs = open<Record<string, number>, readonly [string, number]>('./pairs', {
  keySerializer: {
    id: 'pair',
    serialize: ([left, right]) => `${right}/${left}`,
    deserialize: (text) => [text.slice(text.indexOf('/') + 1), Number.parseInt(text, 10)],
  },
})
pairs.set(['a', 1], 2)
// @ts-expect-error keys are pairs
pairs.get('a')

// getOrSet() gives what the dict holds, and undefined only if the function may return that
declare const somebody: User
const computed = {
  plain: await users.getOrSet('x', async () => ({ name: 'Ada', tags: [] })),
  withContext: await users.getOrSet('x', async (context) => ({ name: context.key, tags: [] })),
  perhaps: await users.getOrSet('x', async ({ stale }) => (stale ? undefined : somebody)),
}
same<typeof computed.plain, Frozen<User>>(true)
same<typeof computed.withContext, Frozen<User>>(true)
same<typeof computed.perhaps, Frozen<User> | undefined>(true)
// @ts-expect-error not what the dict holds
await users.getOrSet('x', async () => 7)

// Keys that are numbers come back as their text, as on an object
declare const pages: PersistDict<Record<number, string>>
pages.set(1, 'one')
const page: string | undefined = pages.get(1)
for (const key of pages.keys()) same<typeof key, `${number}`>(true)
for (const [key] of pages) same<typeof key, `${number}`>(true)
pages.forEach((_, key) => {
  same<typeof key, `${number}`>(true)
})
pages.on('set', ({ key }) => {
  same<typeof key, `${number}`>(true)
})
for (const key of users.keys()) same<typeof key, string>(true)
for (const key of state.keys()) same<typeof key, 'user' | 'count'>(true)
void page
