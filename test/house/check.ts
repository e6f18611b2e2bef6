/** The house checker: what the compiler and the linter cannot know about this package. */
import { fileURLToPath } from 'node:url'
import { medianLines } from './rules/file-sizes.js'
import { RULES } from './rules.js'
import { readTree } from './tree.js'

const tree = readTree(fileURLToPath(new URL('../..', import.meta.url)))
const reports = RULES.flatMap((rule) =>
  rule.check(tree).map(({ path, line, message }) => {
    return `${path}${line ? `:${line}` : ''} ${message} (${rule.name})`
  }),
)
for (const report of reports) console.error(report)
console.log(
  `house: ${tree.src.length} files in src, median ${medianLines(tree)} lines, ` +
    `${RULES.length} rules, ${reports.length} findings`,
)
process.exitCode = reports.length > 0 ? 1 : 0
