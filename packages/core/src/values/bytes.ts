/** A number of bytes, or a string with a binary or decimal unit. */
export type Bytes = number | `${number}${'B' | 'KiB' | 'MiB' | 'GiB' | 'TiB' | 'kB' | 'MB' | 'GB'}`
