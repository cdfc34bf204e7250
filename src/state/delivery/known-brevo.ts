// What Brevo had when it was last asked: its attributes and lists. With it a mapping can be looked at without a request.
import { type BrevoSetup, type Meta, META } from '../meta.ts'

export class KnownBrevo {
  readonly #meta: Meta

  constructor(meta: Meta) {
    this.#meta = meta
  }

  /** Null: Brevo was never asked. */
  setup(): BrevoSetup | null {
    return this.#meta.get(META.brevoSetup)
  }

  listNames(): Record<string, string> {
    return this.setup()?.lists ?? {}
  }

  remember(setup: BrevoSetup): void {
    const before = this.setup()
    if (before !== null && JSON.stringify({ ...before, at: 0 }) === JSON.stringify({ ...setup, at: 0 }))
      return
    this.#meta.set(META.brevoSetup, setup)
  }
}
