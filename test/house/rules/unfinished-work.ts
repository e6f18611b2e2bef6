import { lineAt } from '../scan.js'
import type { Rule } from '../tree.js'

const MARKS = /\b(?:TODO|FIXME|XXX|HACK|[Ff]or now|[Nn]ot (?:yet )?implemented)\b/g

/** Unfinished work belongs in an issue, where somebody will meet it. */
export const unfinishedWork: Rule = {
  name: 'unfinished-work',
  check(tree) {
    return tree.src.flatMap((file) =>
      [...file.source.matchAll(MARKS)].map((match) => ({
        path: `src/${file.path}`,
        line: lineAt(file.source, match.index),
        message: `says "${match[0]}"`,
      })),
    )
  },
}
