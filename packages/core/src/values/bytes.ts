/** A number of bytes (whole, at most 2^53-1), or a string with a binary or decimal unit. */
export type Bytes =
  number | bigint | `${number}${'B' | 'KiB' | 'MiB' | 'GiB' | 'TiB' | 'kB' | 'MB' | 'GB'}`
