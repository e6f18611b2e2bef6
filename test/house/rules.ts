import { declaredImports } from './rules/declared-imports.js'
import { entryFiles } from './rules/entry-files.js'
import { exportForms } from './rules/export-forms.js'
import { fileNames } from './rules/file-names.js'
import { fileSizes } from './rules/file-sizes.js'
import { importCycles } from './rules/import-cycles.js'
import { layerDirections } from './rules/layer-directions.js'
import { packageExports } from './rules/package-exports.js'
import { unfinishedWork } from './rules/unfinished-work.js'
import type { Rule } from './tree.js'

export const RULES: readonly Rule[] = [
  layerDirections,
  importCycles,
  declaredImports,
  exportForms,
  entryFiles,
  packageExports,
  fileNames,
  fileSizes,
  unfinishedWork,
]
