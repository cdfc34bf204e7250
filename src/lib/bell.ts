// Wakes one who waits. A ring that nobody waits for is kept until somebody does.
export interface Bell {
  ring(): void
  /** Resolves at the next ring, or at once if it rang since the last wait; also when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let rung = false
  let wake: (() => void) | null = null
  return {
    ring() {
      rung = true
      wake?.()
    },
    async wait(signal) {
      if (!rung && !signal.aborted) {
        const end = await new Promise<() => void>((resolve) => {
          const ring = (): void => resolve(() => signal.removeEventListener('abort', ring))
          wake = ring
          signal.addEventListener('abort', ring, { once: true })
        })
        end()
      }
      wake = null
      rung = false
    },
  }
}
