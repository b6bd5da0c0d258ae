/** Milliseconds, or a string with a unit. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`
