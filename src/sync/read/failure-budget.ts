// One object that does not answer must not stop the others; several in a row mean that the API is not well.
import type { TajoError } from '../../lib/errors.ts'

export interface FailureBudget {
  succeeded(): void
  /** Throws the error where it is not this one object's: not transient, or the second in a row. */
  failed(error: TajoError): void
}

const GIVE_UP_AFTER = 2

export function createFailureBudget(): FailureBudget {
  let failures = 0
  return {
    succeeded() {
      failures = 0
    },
    failed(error) {
      failures += 1
      if (error.kind !== 'transient' || failures >= GIVE_UP_AFTER) throw error
    },
  }
}
