// A person has another address. Brevo may lift the block of a contact whose address is changed (brevo-api.md § 2.2), so the block
// is set in the same request, and looked at afterwards; where the address can't be changed, the contact that has it is blocked.
import type { Rename, Renamed, WriteOptions } from '../model/destination.ts'
import type { OptOut, Outcome } from '../model/operations.ts'
import { type BrevoAnswer, type BrevoCaller, describe, isTemporary } from './client.ts'
import { lookUp } from './contacts.ts'

type RenameOutcome = Outcome<{ became: Renamed }>

export async function renameContact(
  caller: BrevoCaller,
  { from, to, blocked, begun }: Rename,
  signal?: AbortSignal,
): Promise<RenameOutcome> {
  if (begun) {
    const before = await lookUp(caller, from, signal)
    if (before.result !== 'done') return before
    // An earlier try changed it, and its answer was lost.
    if (before.contact === null) return await verify(caller, to, blocked, signal)
  }
  const answer = await change(caller, from, to, blocked, signal)
  if (!answer.answered || (!answer.ok && isTemporary(answer.status)))
    return { result: 'retry', reason: describe(answer) }
  // Another contact has the new address: both stay, nothing is merged.
  if (!answer.ok && answer.status === 400 && isDuplicate(answer.body, answer.message))
    return { result: 'done', became: 'taken' }
  if (!answer.ok && answer.status === 404) return { result: 'retry', reason: describe(answer) }
  if (!answer.ok) return { result: 'refused', reason: describe(answer) }
  return await verify(caller, to, blocked, signal)
}

async function verify(
  caller: BrevoCaller,
  to: string,
  blocked: boolean,
  signal?: AbortSignal,
): Promise<RenameOutcome> {
  const after = await lookUp(caller, to, signal)
  if (after.result !== 'done') return after
  if (after.contact === null) return { result: 'done', became: 'missing' }
  if (!blocked || after.contact.blocked) return { result: 'done', became: 'renamed' }
  const kept = await optOut(caller, to, { blocked, left: [] }, { create: false }, signal)
  return kept.result === 'done' ? { result: 'done', became: 'renamed' } : kept
}

/** A block that was set and is not there is set once more. */
const MAX_ATTEMPTS = 2

export async function optOut(
  caller: BrevoCaller,
  email: string,
  { blocked, left }: OptOut,
  { create }: Pick<WriteOptions, 'create'>,
  signal?: AbortSignal,
): Promise<Outcome<object>> {
  for (let attempt = 0; ; attempt += 1) {
    const held = await lookUp(caller, email, signal)
    if (held.result !== 'done') return held
    const { contact } = held
    if (contact === null && !(blocked && create)) return { result: 'done' }
    const lists = left.filter((list) => contact?.lists.includes(list) === true)
    const isSo = contact !== null && (contact.blocked || !blocked) && lists.length === 0
    if (isSo) return { result: 'done' }
    if (attempt === MAX_ATTEMPTS) return { result: 'refused', reason: 'Brevo does not keep this contact out' }
    const answer =
      contact === null
        ? await makeBlocked(caller, email, signal)
        : await keepOut(caller, email, blocked, lists, signal)
    if (!answer.answered || (!answer.ok && isTemporary(answer.status)))
      return { result: 'retry', reason: describe(answer) }
    if (!answer.ok && answer.status !== 404) return { result: 'refused', reason: describe(answer) }
  }
}

function makeBlocked(
  caller: BrevoCaller,
  email: string,
  signal?: AbortSignal,
): Promise<BrevoAnswer<unknown>> {
  return caller.callSafely(
    'making a blocked contact',
    (sdk, options) =>
      sdk.contacts.createContact({ email, emailBlacklisted: true, updateEnabled: true }, options),
    signal,
  )
}

function keepOut(
  caller: BrevoCaller,
  email: string,
  blocked: boolean,
  lists: readonly number[],
  signal?: AbortSignal,
): Promise<BrevoAnswer<unknown>> {
  return caller.callSafely(
    'keeping a contact blocked, and out of the lists that its person left',
    (sdk, options) =>
      sdk.contacts.updateContact(
        {
          identifier: email,
          identifierType: 'email_id',
          ...(blocked ? { emailBlacklisted: true } : {}),
          ...(lists.length === 0 ? {} : { unlinkListIds: [...lists] }),
        },
        options,
      ),
    signal,
  )
}

function change(
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
