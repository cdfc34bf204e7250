// What a person who asks to be forgotten may ask of Brevo. Used by `tajo forget` alone: no sync takes anyone away.
import { type BrevoCaller, unavailable } from './client.ts'

/** Ends memberships. True if there was such a contact. */
export async function leaveLists(
  caller: BrevoCaller,
  email: string,
  lists: readonly number[],
): Promise<boolean> {
  const answer = await caller.callSafely('taking a contact off lists', (sdk, options) =>
    sdk.contacts.updateContact(
      { identifier: email, identifierType: 'email_id', unlinkListIds: [...lists] },
      options,
    ),
  )
  if (answer.answered && answer.ok) return true
  if (answer.answered && answer.status === 404) return false
  throw unavailable('Taking the contact off the lists in Brevo', answer)
}

/** True if there was such a contact. */
export async function deleteContact(caller: BrevoCaller, email: string): Promise<boolean> {
  const answer = await caller.callSafely('deleting a contact', (sdk, options) =>
    sdk.contacts.deleteContact({ identifier: email, identifierType: 'email_id' }, options),
  )
  if (answer.answered && answer.ok) return true
  if (answer.answered && answer.status === 404) return false
  throw unavailable('Deleting the contact in Brevo', answer)
}
