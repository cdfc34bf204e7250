// A contact's address changes. Brevo may lift the block of a contact whose address is changed (brevo-api.md § 2.2), so the
// block is looked at before, set in the same request, and looked at again afterwards.
import type { Rename, Renamed } from '../model/destination.ts'
import type { Outcome } from '../model/operations.ts'
import { type BrevoAnswer, type BrevoCaller, describe, isTemporary } from './client.ts'
import { lookUp } from './contacts.ts'

type RenameOutcome = Outcome<{ became: Renamed }>

export async function renameContact(
  caller: BrevoCaller,
  { from, to, blocked: noted }: Rename,
  note: (blocked: boolean) => void,
  signal?: AbortSignal,
): Promise<RenameOutcome> {
  const before = await lookUp(caller, from, signal)
  if (before.result !== 'done') return before
  // Not there: deleted, or renamed by an earlier try whose answer was lost.
  if (before.contact === null && noted === null) return { result: 'done', became: 'missing' }
  const blocked = before.contact?.blocked === true || noted === true
  if (before.contact !== null) {
    note(blocked)
    const answer = await update(caller, from, to, blocked, signal)
    if (!answer.answered || (!answer.ok && isTemporary(answer.status)))
      return { result: 'retry', reason: describe(answer) }
    // Another contact has the new address: both stay, nothing is merged.
    if (!answer.ok && answer.status === 400 && isDuplicate(answer.body, answer.message))
      return { result: 'done', became: 'taken' }
    if (!answer.ok && answer.status === 404) return { result: 'retry', reason: describe(answer) }
    if (!answer.ok) return { result: 'refused', reason: describe(answer) }
  }
  return await keepBlock(caller, to, blocked, signal)
}

/** True to what was: blocked stays blocked, verified by reading. */
async function keepBlock(
  caller: BrevoCaller,
  to: string,
  blocked: boolean,
  signal?: AbortSignal,
): Promise<RenameOutcome> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const after = await lookUp(caller, to, signal)
    if (after.result !== 'done') return after
    if (after.contact === null) return { result: 'done', became: 'missing' }
    if (!blocked || after.contact.blocked) return { result: 'done', became: 'renamed' }
    const answer = await caller.callSafely(
      'blocking a contact again',
      (sdk, options) =>
        sdk.contacts.updateContact(
          { identifier: to, identifierType: 'email_id', emailBlacklisted: true },
          options,
        ),
      signal,
    )
    if (!answer.answered || (!answer.ok && isTemporary(answer.status)))
      return { result: 'retry', reason: describe(answer) }
  }
  return {
    result: 'refused',
    reason: 'Brevo lifted the block of this contact when its address changed, and does not set it again',
  }
}

function update(
  caller: BrevoCaller,
  from: string,
  to: string,
  blocked: boolean,
  signal?: AbortSignal,
): Promise<BrevoAnswer<unknown>> {
  return caller.callSafely(
    'changing the address of a contact',
    (sdk, options) =>
      sdk.contacts.updateContact(
        {
          identifier: from,
          identifierType: 'email_id',
          attributes: { EMAIL: to },
          ...(blocked ? { emailBlacklisted: true } : {}),
        },
        options,
      ),
    signal,
  )
}

function isDuplicate(body: unknown, message: string): boolean {
  const metadata = (body as { metadata?: { duplicate_identifiers?: unknown } } | null)?.metadata
  return metadata?.duplicate_identifiers !== undefined || /already associated/i.test(message)
}
