// Guessing tokens is slow: after a few that were wrong, each further one waits twice as long as the one before. That holds for the address
// that they come from; for all of them together only a little, so that nobody can keep everybody out.

const RULES = {
  address: { free: 5, longestMs: 60_000 },
  all: { free: 50, longestMs: 2_000 },
}
const FIRST_WAIT_MS = 1_000
/** After so long without one, failures are forgotten. */
const FORGOTTEN_MS = 15 * 60_000
/** Addresses that are remembered; with more, the oldest goes. */
const MOST = 1_000

interface Failures {
  count: number
  lastAt: number
}

const NONE: Failures = { count: 0, lastAt: 0 }

export class Throttle {
  readonly #byAddress = new Map<string, Failures>()
  #all = NONE
  readonly #now: () => number

  /** `now`: monotonic, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Milliseconds until somebody at this address may try again. */
  waitMs(address: string): number {
    return Math.max(
      this.#left(this.#byAddress.get(address) ?? NONE, RULES.address),
      this.#left(this.#all, RULES.all),
    )
  }

  fail(address: string): void {
    const own = this.#next(this.#byAddress.get(address) ?? NONE)
    this.#byAddress.delete(address)
    this.#byAddress.set(address, own)
    if (this.#byAddress.size > MOST) this.#byAddress.delete(this.#byAddress.keys().next().value!)
    this.#all = this.#next(this.#all)
  }

  succeed(address: string): void {
    this.#byAddress.delete(address)
  }

  #next({ count, lastAt }: Failures): Failures {
    const now = this.#now()
    return { count: now - lastAt > FORGOTTEN_MS ? 1 : count + 1, lastAt: now }
  }

  #left({ count, lastAt }: Failures, { free, longestMs }: { free: number; longestMs: number }): number {
    if (count < free) return 0
    const wait = Math.min(longestMs, FIRST_WAIT_MS * 2 ** (count - free))
    return Math.max(0, lastAt + wait - this.#now())
  }
}
