/** Smaller payloads. Those of node:zlib are built in; yours may be given to open() as `compress`. */
import * as zlib from 'node:zlib'
import { OptionError } from '../errors/option-error.js'

/** Makes bytes smaller, and brings them back. Yours may be given to open() as `compress`. */
export interface Compressor {
  /** Stored with each value that it compressed: it finds the compressor again. */
  readonly id: string
  /** The bytes in less space, it is hoped: what does not shrink is stored as it was. */
  compress(bytes: Uint8Array): Uint8Array
  /** The bytes again, which are never more than `maxBytes`: stop there, and throw. */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array
}

/** The names of the built-in compressors. `'zstd'` needs Node 22.15 or 23.8. */
export type CompressorName = 'gzip' | 'brotli' | 'deflate' | 'zstd'

/** A compressor as the codec uses it. */
export interface KnownCompressor extends Compressor {
  /** What stands for it in a record. */
  readonly code: number
}

/** The code of all compressors that are not built in; their payloads begin with their ids. */
export const FOREIGN_COMPRESSOR = 255

/** Which compression levels there are, and the one that is taken if none is asked for. */
interface Levels {
  readonly least: number
  readonly most: number
  readonly usual: number
}

interface BuiltIn {
  readonly code: number
  readonly levels: Levels
  compress(bytes: Uint8Array, level: number): Uint8Array
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array
}

/** Of later versions of Node than the one whose types we build with. */
interface Zstd {
  zstdCompressSync(bytes: Uint8Array, options: object): Buffer
  zstdDecompressSync(bytes: Uint8Array, options: object): Buffer
  readonly constants: { readonly ZSTD_c_compressionLevel: number }
}

const BROTLI = zlib.constants

const BUILT_IN: Readonly<Record<CompressorName, BuiltIn>> = {
  gzip: {
    code: 1,
    levels: { least: 1, most: 9, usual: 6 },
    compress: (bytes, level) => zlib.gzipSync(bytes, { level }),
    decompress: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }),
  },
  brotli: {
    code: 2,
    // 11, its own default, takes a hundred times as long as 4 for a tenth less.
    levels: { least: 0, most: 11, usual: 4 },
    compress: (bytes, level) =>
      zlib.brotliCompressSync(bytes, {
        params: {
          [BROTLI.BROTLI_PARAM_QUALITY]: level,
          [BROTLI.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
    decompress: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
  },
  deflate: {
    code: 3,
    levels: { least: 1, most: 9, usual: 6 },
    compress: (bytes, level) => zlib.deflateSync(bytes, { level }),
    decompress: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
  },
  zstd: {
    code: 4,
    levels: { least: 1, most: 22, usual: 3 },
    compress(bytes, level) {
      const { zstdCompressSync, constants } = zstd()
      return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } })
    },
    decompress: (bytes, maxOutputLength) => zstd().zstdDecompressSync(bytes, { maxOutputLength }),
  },
}

export const COMPRESSOR_NAMES = Object.keys(BUILT_IN) as readonly CompressorName[]

/** The built-in compressor of that name. Throws OptionError if this Node lacks it. */
export function builtInCompressor(name: CompressorName, level?: number): KnownCompressor {
  const { code, levels, compress, decompress } = BUILT_IN[name]
  if (name === 'zstd' && !hasZstd()) {
    throw new OptionError('compress', `Option "compress" of open() is wrong: ${NO_ZSTD}`)
  }
  const { least, most, usual } = levels
  if (level !== undefined && !(Number.isInteger(level) && level >= least && level <= most)) {
    throw new OptionError('compress', `The level of ${name} must be ${least} to ${most}.`)
  }
  return { id: name, code, compress: (bytes) => compress(bytes, level ?? usual), decompress }
}

/** Brings back what a built-in compressor made, whatever its level. Undefined for no such code. */
export function builtInDecompressor(code: number): Pick<KnownCompressor, 'decompress'> | undefined {
  return Object.values(BUILT_IN).find((compressor) => compressor.code === code)
}

/** A compressor of the user's. */
export function foreignCompressor(compressor: Compressor): KnownCompressor {
  return {
    id: compressor.id,
    code: FOREIGN_COMPRESSOR,
    compress: (bytes) => checked(compressor.compress(bytes)),
    decompress: (bytes, maxBytes) => checked(compressor.decompress(bytes, maxBytes)),
  }
}

/** Whether this version of Node has zstd. */
export function hasZstd(): boolean {
  return 'zstdCompressSync' in zlib
}

const NO_ZSTD = `zstd is in Node 22.15 and 23.8, and this is ${process.version}.`

function zstd(): Zstd {
  if (!hasZstd()) throw new RangeError(NO_ZSTD)
  return zlib as unknown as Zstd
}

function checked(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes
  throw new TypeError(`the compressor returned ${typeof bytes}; it must return a Uint8Array.`)
}
