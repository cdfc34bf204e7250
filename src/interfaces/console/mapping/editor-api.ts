// What the editor asks while somebody writes: complaints, what may stand here, what a key means. The same checks and words as everywhere.
import { complete, describe } from '../../../config/assist/assist.ts'
import type { ConsoleDoor } from '../door.ts'
import { assess, toRange } from './draft.ts'

/** `ask`: check, complete or describe; `text` and `offset`: what is written, and where. Null: nothing is known. */
export function answerEditor(door: ConsoleDoor, form: URLSearchParams): unknown {
  const text = form.get('text') ?? ''
  const offset = Math.min(text.length, Math.max(0, Number(form.get('offset')) || 0))
  switch (form.get('ask') ?? '') {
    case 'check': {
      const { complaints, warnings } = assess(door, text)
      const toMark = (severity: 'error' | 'warning') => (one: (typeof complaints)[number]) => ({
        ...toRange(text, one),
        severity,
        message: one.message,
      })
      return [...complaints.map(toMark('error')), ...warnings.map(toMark('warning'))]
    }
    case 'complete': {
      const setup = door.store.brevo.setup()
      const attributes = (setup?.attributes ?? []).map(({ name }) => name)
      return complete(text, offset, { attributes, lists: setup?.lists ?? {} })
    }
    case 'describe':
      return describe(text, offset)
    default:
      return null
  }
}
