/**
 * Payloads through a compressor, and back.
 *
 *     var   length of the compressor's id, and the id in UTF-8   only of one that is not built in
 *     var   length of the bytes before they were compressed
 *     …     what the compressor made, to the end
 *
 * The length comes first, so that a bomb is known before it goes off.
 */
import { ByteReader, varintLength, writeVarint } from '../bytes.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import {
  builtInCompressor,
  builtInDecompressor,
  COMPRESSOR_NAMES,
  type Compressor,
  type CompressorName,
  FOREIGN_COMPRESSOR,
  foreignCompressor,
  type KnownCompressor,
} from './compressor.js'

/** How payloads are compressed. */
export interface CompressOptions {
  /** What compresses. `'none'`: nothing is compressed; what was compressed before is still read. */
  readonly use: CompressorName | Compressor | 'none'
  /** Shorter payloads are stored as they are, in bytes. @default 512 */
  readonly thresholdBytes?: number | undefined
  /**
   * How hard a built-in compressor tries: 1 to 9 of gzip and deflate, 0 to 11 of brotli, 1 to 22 of
   * zstd. @default 6, 6, 4 and 3
   */
  readonly level?: number | undefined
  /** Compressors of your own that made what is in the store. `use` is always among them. */
  readonly alsoReads?: readonly Compressor[] | undefined
}

/** What is shorter hardly shrinks, and costs as much time as what is longer. */
const DEFAULT_THRESHOLD_BYTES = 512

/** Longer ids of compressors are no ids; they would be in every payload. */
const LONGEST_ID_BYTES = 64

const NONE: Uint8Array = new Uint8Array(0)

export class Compression {
  /** What compresses; undefined for nothing. */
  readonly compressor: KnownCompressor | undefined
  readonly #thresholdBytes: number
  readonly #mark: Uint8Array
  readonly #foreign = new Map<string, KnownCompressor>()

  /** Throws OptionError. */
  constructor(options: CompressorName | 'none' | Compressor | CompressOptions = 'none') {
    const { use, thresholdBytes, level, alsoReads = [] } = asOptions(options)
    this.#thresholdBytes = thresholdBytes ?? DEFAULT_THRESHOLD_BYTES
    if (typeof use === 'object') this.compressor = this.#known(use)
    else if (use !== 'none') this.compressor = builtInCompressor(use, level)
    for (const compressor of alsoReads) this.#known(compressor)
    const { code, id } = this.compressor ?? { code: 0, id: '' }
    this.#mark = code === FOREIGN_COMPRESSOR ? block(Buffer.from(id)) : NONE
  }

  /** The bytes compressed; undefined if they are short, or do not shrink. */
  compress(bytes: Uint8Array): Uint8Array | undefined {
    if (this.compressor === undefined || bytes.length < this.#thresholdBytes) return undefined
    const small = this.compressor.compress(bytes)
    const mark = this.#mark
    const length = mark.length + varintLength(bytes.length) + small.length
    if (length >= bytes.length) return undefined
    const packed = Buffer.allocUnsafe(length)
    packed.set(mark)
    packed.set(small, writeVarint(packed, mark.length, bytes.length))
    return packed
  }

  /** The bytes as they were. Throws whatever is wrong with them. */
  decompress(code: number, packed: Uint8Array, maxBytes: number): Uint8Array {
    const { id, rawBytes, start } = headOf(code, packed)
    if (rawBytes > maxBytes) {
      throw new RangeError(`it has ${rawBytes} bytes, and maxValueBytes is ${maxBytes}`)
    }
    const compressor = id === undefined ? builtInDecompressor(code) : this.#foreign.get(id)
    if (compressor === undefined) {
      const which = id === undefined ? `number ${code}` : JSON.stringify(id)
      throw new RangeError(`it needs the compressor ${which}, which open() was not given`)
    }
    // zlib takes no bound of 0.
    const raw = compressor.decompress(packed.subarray(start, packed.length), Math.max(rawBytes, 1))
    if (raw.length !== rawBytes) throw new RangeError('it has not the length that it had')
    return raw
  }

  #known(compressor: Compressor): KnownCompressor {
    const { id } = compressor
    if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > LONGEST_ID_BYTES) {
      throw new OptionError(
        'compress',
        `The id of a compressor must be a string of 1 to ${LONGEST_ID_BYTES} bytes.`,
      )
    }
    const known = foreignCompressor(compressor)
    this.#foreign.set(id, known)
    return known
  }
}

/** How long a payload was before it was compressed by what `code` stands for; 0 for nothing. */
export function rawLength(code: number, payload: Uint8Array): number {
  return code === 0 ? payload.length : headOf(code, payload).rawBytes
}

interface Head {
  readonly id: string | undefined
  readonly rawBytes: number
  readonly start: number
}

function headOf(code: number, packed: Uint8Array): Head {
  const reader = new ByteReader(packed, 0)
  const id =
    code === FOREIGN_COMPRESSOR
      ? Buffer.from(reader.take(reader.varint())).toString('utf8')
      : undefined
  const rawBytes = reader.varint()
  return { id, rawBytes, start: reader.offset }
}

function block(bytes: Uint8Array): Uint8Array {
  const result = Buffer.allocUnsafe(varintLength(bytes.length) + bytes.length)
  result.set(bytes, writeVarint(result, 0, bytes.length))
  return result
}

function asOptions(
  options: CompressorName | 'none' | Compressor | CompressOptions,
): CompressOptions {
  if (typeof options === 'string') return checkedName({ use: options })
  if (typeof options !== 'object' || options === null) return checkedName({ use: options })
  if ('compress' in options) return { use: options }
  refuseUnknown(options, ['use', 'thresholdBytes', 'level', 'alsoReads'], 'compress')
  return checkedName(options)
}

function checkedName(options: CompressOptions): CompressOptions {
  const { use, thresholdBytes } = options
  const names: readonly string[] = ['none', ...COMPRESSOR_NAMES]
  if (typeof use === 'string' ? !names.includes(use) : typeof use?.compress !== 'function') {
    throw new OptionError(
      'compress',
      `Option "compress" of open() is wrong: it takes ${names.join(', ')}, or an object with id, compress() and decompress().`,
    )
  }
  if (thresholdBytes !== undefined && !(thresholdBytes >= 0)) {
    throw new OptionError('compress', 'thresholdBytes must be a number of bytes, 0 or more.')
  }
  return options
}
