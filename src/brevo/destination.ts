// Brevo as the outbox sees it.
import type { Destination } from '../model/destination.ts'
import { type BrevoCaller, type BrevoPorts, describe, isTemporary } from './client.ts'
import { holds, lookUp, writeContact } from './contacts.ts'
import { optOut, renameContact } from './rename.ts'
import { readEvents, sendEvent, sendEvents } from './events.ts'
import { toObject } from './wire.ts'
import { countImportable, fitsFile, importContacts, readContacts, waitFor } from './import.ts'

export function createBrevoDestination(caller: BrevoCaller, ports: Pick<BrevoPorts, 'clock'>): Destination {
  return {
    writeContact: (write, options, signal) => writeContact(caller, write, options, signal),
    readContact: (email, signal) => lookUp(caller, email, signal),
    renameContact: (rename, signal) => renameContact(caller, rename, signal),
    optOut: (email, said, options, signal) => optOut(caller, email, said, options, signal),
    importContacts: (writes, list, format, onStarted, signal) =>
      importContacts(caller, ports.clock, writes, { list, format, onStarted }, signal),
    async untilImported(processId, signal) {
      await waitFor(caller, ports.clock, processId, signal)
    },
    importable: countImportable,
    fitsFile,
    readContacts: (since, signal) => readContacts(caller, since, signal),
    sendEvent: (event, signal) => sendEvent(caller, event, signal),
    sendEvents: (events, signal) => sendEvents(caller, events, signal),
    canReadEvents: () => caller.waitMs('other') === 0,
    readEvents: (wanted, signal) => readEvents(caller, wanted, signal),
    holds,

    async addToList(list, emails, signal) {
      // Not retried blindly: a contact may have left between the lost answer and the retry.
      const answer = await caller.call(
        'adding to a list',
        (sdk, options) =>
          sdk.contacts.addContactToList({ listId: list, body: { emails: [...emails] } }, options),
        signal,
      )
      if (answer.answered && answer.ok) return { result: 'done', failed: toFailed(answer.body) }
      // None was added: in it already, or unknown; the answer does not say which (brevo-api.md § 2.7).
      if (answer.answered && answer.status === 400 && /already in list/i.test(answer.message))
        return { result: 'done', failed: [...emails] }
      return !answer.answered || isTemporary(answer.status)
        ? { result: 'retry', reason: describe(answer) }
        : { result: 'refused', reason: describe(answer) }
    },
  }
}

/** Addresses that Brevo did not add. */
function toFailed(body: unknown): string[] {
  const added = toObject(toObject(body)?.['contacts'] ?? body)
  const failed: unknown[] = Array.isArray(added?.['failure']) ? added['failure'] : []
  return failed.map((one) => String(one).toLowerCase())
}
