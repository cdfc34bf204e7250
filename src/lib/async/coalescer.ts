// Work that is done for all who ask for it: one round at a time, and one more for whoever asked while it was under way.
import { type WakeSignal, createWakeSignal } from './wake-signal.ts'

export interface Coalescer {
  /**
   * Does a round now, and more while others ask for them. Where one is under way it does another one afterwards, and this
   * returns at once; with `wait` it waits for its own turn instead.
   */
  run(round: () => Promise<void>, options?: { wait: boolean }): Promise<void>
  /** Something else, once, while no round is under way. */
  between<T>(action: () => Promise<T>): Promise<T>
  /** Rings when somebody asks while a round is under way: it need not sleep on. */
  asked: WakeSignal
}

export function createCoalescer(): Coalescer {
  const asked = createWakeSignal()
  let again = false
  const current: { rounds: Promise<void> | null; isRound: boolean } = { rounds: null, isRound: true }

  async function runAll(round: () => Promise<void>): Promise<void> {
    do {
      again = false
      await round()
    } while (again)
  }

  function begin(work: Promise<unknown>, isRound: boolean): void {
    current.isRound = isRound
    current.rounds = work
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => (current.rounds = null))
  }

  return {
    asked,
    async run(round, { wait } = { wait: false }) {
      while (current.rounds !== null) {
        if (!wait && current.isRound) {
          again = true
          asked.raise()
          return
        }
        await current.rounds
      }
      const rounds = runAll(round)
      begin(rounds, true)
      await rounds
    },
    async between(action) {
      while (current.rounds !== null) await current.rounds
      const done = action()
      begin(done, false)
      return await done
    },
  }
}
