/**
 * Told before each step of what must survive a crash; tests end the process there. Not part of the package's interface.
 */
export type Step = (name: string) => void

/** Nobody is told. */
export const noStep: Step = () => {}
