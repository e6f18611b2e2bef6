/**
 * What an encrypted store hides its names and seals its rows with. Keys know it by this shape only;
 * codec/cipher/store-secrets.ts has it.
 */
export interface Secrets {
  /** Whether the names of keys and namespaces are kept out of storage keys. */
  readonly hidesNames: boolean
  /** Whether the keys of entries may appear in messages. */
  readonly showsKeys: boolean
  /** What stands for the cipher that seals now. */
  readonly suite: number
  /** 32 bytes that always stand for these, and tell nothing of them. */
  hide(name: Uint8Array): Uint8Array
  /** Bytes that open() opens at the same place and with the same header only. */
  seal(bucket: string, key: Uint8Array, header: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** Throws UnsealError for bytes that were not sealed at this place, with this header. */
  open(
    suite: number,
    bucket: string,
    key: Uint8Array,
    header: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array
}
