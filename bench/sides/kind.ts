/** How the harness handles a store of any kind, and the sides that are made of one. */
import type { Side } from '../harness/case.js'
import type { BenchRecord } from '../harness/data.js'
import type { Stage } from '../harness/stage.js'

/** A kind of store with values of type V, open as T. */
export interface Kind<T, V = BenchRecord> {
  open(folder: string): T
  fill(store: T, records: ReadonlyMap<string, V>): unknown
  read(store: T, key: string): unknown
  /** Brings everything to disk and ends work in the background. */
  settle(store: T): unknown
  close(store: T): unknown
}

export type Run<T> = (store: T) => number | Promise<number>

/** A side whose store is new and empty in each round. */
export function empty<T, V>(stage: Stage, name: string, kind: Kind<T, V>, run: Run<T>): Side {
  return refilled(stage, name, kind, new Map<string, V>(), run)
}

/** A side whose store is new in each round, with these records in it. */
export function refilled<T, V>(
  stage: Stage,
  name: string,
  kind: Kind<T, V>,
  records: ReadonlyMap<string, V>,
  run: Run<T>,
): Side {
  let open: { store: T } | undefined
  const side = onStore(name, kind, run, () => open)
  return {
    ...side,
    async prepare() {
      await side.close?.()
      open = { store: await filledStore(stage, kind, records) }
    },
  }
}

/** A side whose store is filled once, for rounds that leave it as it is. */
export function filled<T, V>(
  stage: Stage,
  name: string,
  kind: Kind<T, V>,
  records: ReadonlyMap<string, V>,
  run: Run<T>,
): Side {
  let open: { store: T } | undefined
  return {
    ...onStore(name, kind, run, () => open),
    async prepare() {
      open ??= { store: await filledStore(stage, kind, records) }
    },
  }
}

async function filledStore<T, V>(
  stage: Stage,
  kind: Kind<T, V>,
  records: ReadonlyMap<string, V>,
): Promise<T> {
  const store = kind.open(stage.folder())
  if (records.size > 0) await kind.fill(store, records)
  await kind.settle(store)
  return store
}

function onStore<T, V>(
  name: string,
  kind: Kind<T, V>,
  run: Run<T>,
  open: () => { store: T } | undefined,
): Side {
  const store = () => {
    const opened = open()
    if (opened === undefined) throw new Error(`${name} runs before prepare().`)
    return opened.store
  }
  return {
    name,
    run: () => run(store()),
    settle: () => kind.settle(store()),
    read: (key) => kind.read(store(), key),
    close: () => open() && kind.close(store()),
  }
}
