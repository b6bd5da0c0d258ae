import { token, type Token } from '../di/token.js'
import type { Launcher } from './launcher.js'
import type { Logger } from './logger.js'

/** Carries plans out. `@caisson/launcher` registers the real one. */
export const LAUNCHER: Token<Launcher> = token('Launcher')

/** Where drivers say what they do. Default: silent. */
export const LOGGER: Token<Logger> = token('Logger')

/** Absolute path of the directory for what must not outlive a boot; mode 0700. It may not be there yet. */
export const STATE_DIR: Token<string> = token('StateDir')

/** Absolute path of the directory for what outlives a boot: layers, downloads, built roots. It may not be there yet. */
export const DATA_DIR: Token<string> = token('DataDir')
