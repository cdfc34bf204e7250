// Contacts that only a changed mapping makes due, where nobody marks them: for a plan.
import { type ContactWrite, hasWork } from '../model/operations.ts'
import type { Store } from '../state/store.ts'
import { prepareContact, visitContacts } from '../projection/project.ts'
import type { Mappings } from './mappings.ts'

/** What is to be written of them; nothing where the mapping did not change. `pause`: others get their turn; how many were found so far. */
export async function findOthers(
  store: Store,
  mappings: Mappings,
  pause: (found: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<ContactWrite[]> {
  if (!mappings.leftOthers()) return []
  mappings.compile(await mappings.check(signal))
  const found: ContactWrite[] = []
  const turn = (): Promise<void> => pause(found.length)
  await visitContacts(store, store.outboxContacts.everybody(), turn, (email, recordsOf) => {
    const lastSent = store.contacts.lastSent(email)
    const write = lastSent.gone ? null : prepareContact(store, mappings.current(), email, lastSent, recordsOf)
    if (write !== null && hasWork(write)) found.push(write)
  })
  return found
}
