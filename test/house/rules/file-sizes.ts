import type { Rule, SourceFile, Tree } from '../tree.js'

/** Past this a file has more than one subject. */
const LIMIT_LINES = 400

/** No file of src is too long to read in one go. */
export const fileSizes: Rule = {
  name: 'file-sizes',
  check(tree) {
    return tree.src
      .filter((file) => linesOf(file) > LIMIT_LINES)
      .map((file) => ({
        path: `src/${file.path}`,
        message: `has ${linesOf(file)} lines; ${LIMIT_LINES} are allowed`,
      }))
  },
}

/** The median length of the files in src, in lines. */
export function medianLines(tree: Tree): number {
  const lengths = tree.src.map(linesOf).sort((a, b) => a - b)
  return lengths[lengths.length >> 1] ?? 0
}

function linesOf(file: SourceFile): number {
  return file.source.split('\n').length - (file.source.endsWith('\n') ? 1 : 0)
}
