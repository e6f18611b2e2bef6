/** Stands for a key in the messages of an encrypted dict. */
export const HIDDEN = '(hidden)'
