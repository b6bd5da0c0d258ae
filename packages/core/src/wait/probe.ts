/** What a look found: it is there, or what was seen instead, in words. */
export type Sight = true | string

/** Looks once for what is waited for. */
export interface WaitProbe {
  /** What is waited for, in words. */
  readonly subject: string
  look(signal: AbortSignal): Promise<Sight>
}
