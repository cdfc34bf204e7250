// The state as one thing: its tables, and transactions over them.
import type { ContactRecords } from '../model/profile.ts'
import type { Instant } from '../model/time.ts'
import { createContacts } from './contacts.ts'
import { createCursors } from './cursors.ts'
import { createCustomers } from './customers.ts'
import { type Database, openDatabase, openDatabaseReadOnly } from './database.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createOutboxContacts } from './outbox-contacts.ts'
import { createOutboxEvents } from './outbox-events.ts'
import { createMeta, createRuns } from './runs.ts'
import { createSourceEvents } from './source-events.ts'
import { createSurveys } from './surveys.ts'
import { createTickets } from './tickets.ts'

export type Store = ReturnType<typeof createStore>

/** Opens the state for this process alone. */
export function openStore(stateDir: string): Store {
  const opened = openDatabase(stateDir)
  return createStore(opened.database, () => opened.close())
}

/** For looking only; null where nothing was ever stored. Writing through it fails. */
export function openStoreReadOnly(stateDir: string): Store | null {
  const database = openDatabaseReadOnly(stateDir)
  return database === null ? null : createStore(database, () => database.close())
}

function createStore(database: Database, close: () => void) {
  const customers = createCustomers(database)
  const tickets = createTickets(database)
  const surveys = createSurveys(database)

  const openContacts = database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM outbox_contacts o
    WHERE NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = o.email)`)
  const openEvents = database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM outbox_events e WHERE e.state IN ('pending', 'sending')
      AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = e.email)`)
  const nextDue = database.prepare<[number, number], { at: number | null }>(`
    SELECT min(at) AS at FROM (
      SELECT min(due_at) AS at FROM outbox_contacts WHERE due_at > ?
      UNION ALL SELECT min(due_at) FROM outbox_events WHERE state = 'pending' AND due_at > ?)`)

  return {
    customers,
    tickets,
    surveys,
    cursors: createCursors(database),
    sourceEvents: createSourceEvents(database),
    contacts: createContacts(database),
    outboxContacts: createOutboxContacts(database),
    outboxEvents: createOutboxEvents(database),
    deadLetters: createDeadLetters(database),
    runs: createRuns(database),
    meta: createMeta(database),

    /** All of `action` or nothing of it; it must not wait for anything. */
    transaction<T>(action: () => T): T {
      return database.transaction(action).immediate()
    },

    /** Everything known of an address at one source, merged customers included. */
    recordsOf(source: string, email: string): ContactRecords {
      const live = customers.withEmail(source, email)
      const ids = customers.withMerged(
        source,
        live.map((one) => one.id),
      )
      return {
        email,
        customers: live,
        tickets: tickets.countedOf(source, ids),
        surveys: surveys.scoredOf(source, ids),
      }
    },

    /** What is still to be delivered; what waits for something that was set aside does not count. */
    undelivered: (): { contacts: number; events: number } => ({
      contacts: openContacts.get()?.n ?? 0,
      events: openEvents.get()?.n ?? 0,
    }),

    /** When the next postponed delivery is due; null if none is. */
    nextDueAfter: (now: Instant): Instant | null => nextDue.get(now, now)?.at ?? null,

    close,
  }
}
