import { EventEmitter } from 'eventemitter3'

/** Event names and what their listeners get. */
export type EventMap = Readonly<Record<string, readonly unknown[]>>

/** Where events are listened to. */
export interface Events<M extends { readonly [E in keyof M]: readonly unknown[] }> {
  /** Calls the listener at each event; the function returned takes it away again. */
  on<E extends keyof M & string>(event: E, listener: (...args: M[E]) => void): () => void
}

/** Events of one object. A listener that throws disturbs nobody: its error is an uncaught exception of its own. */
export class EventHub<
  M extends { readonly [E in keyof M]: readonly unknown[] },
> implements Events<M> {
  readonly #emitter = new EventEmitter()

  on<E extends keyof M & string>(event: E, listener: (...args: M[E]) => void): () => void {
    const guarded = (...args: unknown[]): void => {
      try {
        Reflect.apply(listener, undefined, args)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
    this.#emitter.on(event, guarded)
    return () => {
      this.#emitter.off(event, guarded)
    }
  }

  emit<E extends keyof M & string>(event: E, ...args: M[E]): void {
    this.#emitter.emit(event, ...args)
  }
}
