/** Where drivers and engine say what they do, for whoever debugs them. */
export interface Logger {
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void
}

/** Says nothing. */
export const silentLogger: Logger = Object.freeze({
  debug(): void {},
  warn(): void {},
})
