/** A small tree of objects, and what tells of changes in it: live values and their rivals. */
import onChange from 'on-change'
import { open } from 'persistdict'
import { proxy, subscribe } from 'valtio/vanilla'
import { OURS, type Side } from '../harness/case.js'
import type { Stage } from '../harness/stage.js'

export interface Tree {
  branch: { twig: { leaf: number } }
  list: number[]
}

export const tree = (): Tree => ({ branch: { twig: { leaf: 1 } }, list: [1, 2, 3] })

/** Each kind of live tree. All but the plain one note changes; only ours saves them. */
export function treeSides(stage: Stage, run: (tree: Tree) => number): Side[] {
  let changes = 0
  const dict = open<{ tree: Tree }>(stage.folder(), { initial: { tree: tree() } })
  const valtio = proxy(tree())
  const unsubscribe = subscribe(valtio, () => changes++)
  const watched = onChange(tree(), () => changes++)
  const plain = tree()
  return [
    {
      name: OURS,
      run: () => run(dict.object.tree as Tree),
      settle: () => dict.flush(),
      read: () => dict.get('tree')?.branch.twig.leaf,
      close: () => dict.close(),
    },
    {
      name: 'valtio',
      run: () => run(valtio),
      // Its subscribers are told in a microtask.
      settle: () => Promise.resolve(),
      read: () => valtio.branch.twig.leaf,
      close: unsubscribe,
    },
    { name: 'on-change', run: () => run(watched), read: () => watched.branch.twig.leaf },
    { name: 'plain object', run: () => run(plain), read: () => plain.branch.twig.leaf },
  ]
}
