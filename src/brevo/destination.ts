// Brevo as the outbox sees it.
import type { Destination } from '../model/destination.ts'
import { type BrevoCaller, type BrevoPorts, describe, isTemporary } from './client.ts'
import { holds, writeContact } from './contacts.ts'
import { renameContact } from './rename.ts'
import { readEvents, sendEvent, sendEvents } from './events.ts'
import { countImportable, importContacts, readContacts } from './import.ts'

export function createBrevoDestination(caller: BrevoCaller, ports: Pick<BrevoPorts, 'clock'>): Destination {
  return {
    writeContact: (write, options, signal) => writeContact(caller, write, options, signal),
    renameContact: (rename, note, signal) => renameContact(caller, rename, note, signal),
    importContacts: (writes, list, signal) => importContacts(caller, ports.clock, writes, list, signal),
    importable: countImportable,
    readContacts: (since, signal) => readContacts(caller, since, signal),
    sendEvent: (event, signal) => sendEvent(caller, event, signal),
    sendEvents: (events, signal) => sendEvents(caller, events, signal),
    canReadEvents: () => caller.waitMs('other') === 0,
    readEvents: (wanted, signal) => readEvents(caller, wanted, signal),
    holds,

    async addToList(list, emails, signal) {
      // Not repeated without another look: who was added by a request that was not answered may have left since.
      const answer = await caller.call(
        'adding to a list',
        (sdk, options) =>
          sdk.contacts.addContactToList({ listId: list, body: { emails: [...emails] } }, options),
        signal,
      )
      // 400 where all of them are in the list already; they exist, because they were written just before (brevo-api.md § 2.7).
      if (
        answer.answered &&
        (answer.ok || (answer.status === 400 && /already in list/i.test(answer.message)))
      )
        return { result: 'done' }
      return !answer.answered || isTemporary(answer.status)
        ? { result: 'retry', reason: describe(answer) }
        : { result: 'refused', reason: describe(answer) }
    },
  }
}
