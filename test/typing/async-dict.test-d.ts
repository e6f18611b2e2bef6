/**
 * What the types of the asynchronous dict promise, checked by `tsc` as part of `npm run check`.
 * Nothing here runs. Each `@ts-expect-error` is a misuse that must not compile.
 */
import { type AsyncPersistDict, type Frozen, openAsync } from '../../src/index.js'

import type { AsyncStore, SyncStore } from '../../src/testing.js'

/** Compiles only if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_proof: Same<A, B>): void {}

interface User {
  name: string
  tags: string[]
}

declare const users: AsyncPersistDict<Record<string, User>>
declare const state: AsyncPersistDict<{ user: User; count: number }>

same<ReturnType<typeof users.get<string>>, Promise<Frozen<User> | undefined>>(true)
same<ReturnType<typeof state.get<'count'>>, Promise<number | undefined>>(true)
await users.set('ada', { name: 'Ada', tags: [] }, { ttl: '10m' })
await users.set(1, { name: 'One', tags: [] })
const name: string = (await users.get('ada'))?.name ?? ''
const fallback: Frozen<User> | null = await users.get('ada', null)
await users.update('ada', (user) => void user?.tags.push('x'))
await users.update('ada', async (user) => user)
await state.update('count', (count) => (count ?? 0) + 1)
const computed: Frozen<User> = await users.getOrInsertComputed('ada', async (key) => ({
  name: key,
  tags: [],
}))
for await (const [key, user] of users) same<[typeof key, typeof user], [string, Frozen<User>]>(true)
const size: number = await users.size()
const inner: AsyncPersistDict<Record<string, number>> = users.namespace('counts')
void [name, fallback, computed, size, inner]

// @ts-expect-error a value of another type
await users.set('ada', { name: 1, tags: [] })
// @ts-expect-error a miss is undefined, and must be dealt with
;(await users.get('ada')).name
// @ts-expect-error the answer is a promise
users.get('ada')?.name
// @ts-expect-error frozen all the way down
;(await users.get('ada'))?.tags.push('x')
// @ts-expect-error a key that the shape does not have
await state.get('users')
// @ts-expect-error another key's value
await state.set('count', { name: 'Ada', tags: [] })
// @ts-expect-error an unknown option
await users.set('ada', { name: 'Ada', tags: [] }, { TTL: 10 })
// @ts-expect-error there are no transactions
users.transaction(() => {})
// @ts-expect-error it is iterated with for await
for (const entry of users) void entry

declare const store: AsyncStore
declare const syncStore: SyncStore
const opened: Promise<AsyncPersistDict<Record<string, User>>> =
  openAsync<Record<string, User>>(store)
void [opened, openAsync('./cache'), openAsync(syncStore), openAsync({ path: './cache', ttl: '1h' })]
void openAsync({ store, values: 'copy' })
// @ts-expect-error a place is needed
void openAsync({ ttl: '1h' })
// @ts-expect-error one place
void openAsync({ store, path: './cache' })
// @ts-expect-error the object view is not there
void openAsync('./cache', { onConflict: 'throw' })
