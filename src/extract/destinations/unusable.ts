// Why a destination can't be written, as a sentence.
import { TajoError } from '../../lib/errors.ts'

/** `label`: what stands in a sentence, such as `the DuckDB file support.duckdb`. */
export function cannotWrite(label: string, reason: string, hint: string, cause?: unknown): TajoError {
  const subject = label.charAt(0).toUpperCase() + label.slice(1)
  return new TajoError('destination_unusable', `${subject} can't be written (${reason}).`, { hint, cause })
}

export const noRoom = (label: string, cause: unknown): TajoError =>
  new TajoError('destination_unusable', `There is no room left for ${label}.`, {
    hint: 'Make room and run it again: it goes on from where it is.',
    cause,
  })
