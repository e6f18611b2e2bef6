/** Bytes of the nonces of AES-GCM and ChaCha20-Poly1305. */
export const NONCE_BYTES = 12

/**
 * So many random nonces of 96 bits may be used under one key: two of them are then the same with a
 * probability of at most 2^-32 (NIST SP 800-38D, section 8.3).
 */
export const MAX_RANDOM_NONCES = 2 ** 32
