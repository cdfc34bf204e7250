// The state as one thing: its tables, and transactions over them.
import type { ContactRecords } from '../model/profile.ts'
import { FAR_FUTURE, type Instant } from '../model/time.ts'
import { createBrevoSetup } from './delivery/brevo-setup.ts'
import { createCampaigns } from './delivery/campaign-entries.ts'
import { createContacts } from './delivery/contacts.ts'
import { createCursors } from './reading/cursors.ts'
import { createCustomers } from './records/customers.ts'
import {
  assertCurrent,
  checkDatabase,
  copyDatabase,
  isOutdated,
  openDatabase,
  openDatabaseBeside,
  openDatabaseReadOnly,
  truncateLog,
} from './db/database.ts'
import type { Watch } from './db/watch.ts'
import type { Database } from './db/sqlite.ts'
import { createDeadLetters } from './delivery/dead-letters.ts'
import { createOutboxContacts } from './delivery/outbox-contacts.ts'
import { createOutboxEvents } from './delivery/outbox-events.ts'
import { type Epoch, openEpoch } from './db/epoch.ts'
import { createForgotten, type Erased, erasePerson } from './records/forgotten.ts'
import { createHandlerEvents } from './delivery/handler-events.ts'
import { createRefreshRequests } from './reading/refresh-requests.ts'
import { createLedger } from './delivery/ledger.ts'
import { createReconciled } from './records/reconciled.ts'
import { createMoves } from './delivery/moves.ts'
import { createManyRecords } from './records/many-records.ts'
import { createRuns } from './reading/runs.ts'
import { createSourceEvents } from './records/source-events.ts'
import { createAgents } from './records/agents.ts'
import { createSurveys } from './records/surveys.ts'
import { createTickets } from './records/tickets.ts'
import { createTrial } from './delivery/dry-run-notes.ts'
import { createMeta } from './meta.ts'

export type Store = ReturnType<typeof createStore>

/** What `tajo state export` writes; cursors and other workings are not of use elsewhere. */
export const EXPORTED_TABLES = [
  'customers',
  'tickets',
  'surveys',
  'contacts',
  'outbox_events',
  'campaign_entries',
  'dead_letters',
] as const
export type ExportedTable = (typeof EXPORTED_TABLES)[number]

export type OpenStore = (stateDir: string) => Store

/** Opens the state for this process alone. */
export function openStore(stateDir: string, watch?: Watch): Store {
  const opened = openDatabase(stateDir, watch)
  return createStore(opened.database, () => opened.close(), openEpoch(opened.database, stateDir))
}

/** For a copy that is thrown away: nothing of it survives a power cut. */
export function openStoreScratch(stateDir: string): Store {
  const opened = openDatabase(stateDir, undefined, 'scratch')
  return createStore(opened.database, () => opened.close(), openEpoch(opened.database, stateDir))
}

/** For looking only; null where nothing was ever stored. Writing through it fails. Throws `state_unusable`. */
export function openStoreReadOnly(stateDir: string): Store | null {
  const database = openDatabaseReadOnly(stateDir)
  if (database === null) return null
  try {
    assertCurrent(database)
  } catch (thrown) {
    database.close()
    throw thrown
  }
  return createStore(database, () => database.close(), null)
}

/** True for a state that the next start brings up to date. */
export function isOfEarlierTajo(stateDir: string): boolean {
  const database = openDatabaseReadOnly(stateDir)
  if (database === null) return false
  try {
    return isOutdated(database)
  } finally {
    database.close()
  }
}

/** For single rows, while another process may read and send; null where nothing was ever stored. */
export function openStoreBeside(stateDir: string): Store | null {
  const database = openDatabaseBeside(stateDir)
  return database === null ? null : createStore(database, () => database.close(), null)
}

function createStore(database: Database, close: () => void, epoch: Epoch | null) {
  const customers = createCustomers(database)
  const tickets = createTickets(database)
  const surveys = createSurveys(database)

  const openContacts = database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM outbox_contacts o
    WHERE o.again = 0 AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = o.email)`)
  const openEvents = database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM outbox_events e WHERE e.state IN ('pending', 'sending')
      AND NOT EXISTS (SELECT 1 FROM outbox_events u WHERE u.email = e.email AND u.state = 'uncertain')
      AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = e.email)`)
  const nextAgain = database.prepare<[], { at: number | null }>(
    'SELECT min(due_at) AS at FROM outbox_contacts WHERE again = 1',
  )
  const PLANNED = [
    ['outbox_contacts', 'due_at'],
    ['outbox_events', 'due_at'],
    ['dead_letters', 'retry_at'],
  ]
  const shiftDue = PLANNED.map(([table, column]) =>
    database.prepare(
      `UPDATE ${table} SET ${column} = ${column} + @by WHERE ${column} > 0 AND ${column} < @far`,
    ),
  )
  const capDue = PLANNED.map(([table, column]) =>
    database.prepare(`UPDATE ${table} SET ${column} = @now WHERE ${column} > @latest AND ${column} < @far`),
  )
  const hurryWrites = database.prepare(`
    UPDATE outbox_contacts SET due_at = @now WHERE due_at > @latest
      AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = outbox_contacts.email)`)
  const nextLook = database.prepare<[], { at: number | null }>(
    "SELECT min(due_at) AS at FROM outbox_events WHERE state = 'uncertain'",
  )
  const nextDue = database.prepare<[number, number], { at: number | null }>(`
    SELECT min(at) AS at FROM (
      SELECT min(due_at) AS at FROM outbox_contacts WHERE due_at > ? AND again = 0
      UNION ALL SELECT min(due_at) FROM outbox_events WHERE state = 'pending' AND due_at > ?)`)

  return {
    customers,
    tickets,
    surveys,
    agents: createAgents(database),
    cursors: createCursors(database),
    sourceEvents: createSourceEvents(database),
    contacts: createContacts(database),
    outboxContacts: createOutboxContacts(database),
    outboxEvents: createOutboxEvents(database),
    deadLetters: createDeadLetters(database),
    moves: createMoves(database),
    reconciled: createReconciled(database),
    forgotten: createForgotten(database),
    refreshRequests: createRefreshRequests(database),
    handlerEvents: createHandlerEvents(database),
    campaigns: createCampaigns(database),
    ledger: createLedger(database),
    trial: createTrial(database),
    brevo: createBrevoSetup(database),
    runs: createRuns(database),
    meta: createMeta(database),

    /** All of `action` or nothing of it; it must not wait for anything. */
    transaction<T>(action: () => T): T {
      return database.transaction(action).immediate()
    },

    /** True if this state is an older copy of what last worked here: a restored backup. */
    restored: epoch?.restored ?? false,

    /** The copy is the state from now on. To be followed by `sealEpoch`. */
    acceptRestored: (): void => epoch?.accept(),

    /** Writes down beside the database how far it is. */
    sealEpoch: (): void => epoch?.seal(),

    /**
     * A transaction after which something leaves this machine that must not leave twice. `undo` takes it back where nothing may
     * leave: then `state_unsealed` is thrown.
     */
    commitSending(action: () => void, undo: () => void): void {
      this.transaction(() => {
        action()
        epoch?.advance()
      })
      try {
        epoch?.seal()
      } catch (thrown) {
        this.transaction(undo)
        throw thrown
      }
    },

    /** Keeps nothing of an address but its salted hash. */
    forget(email: string, now: Instant): { hash: string; erased: Erased } {
      return this.transaction(() => ({
        erased: erasePerson(database, email),
        hash: this.forgotten.put(email, now),
      }))
    },

    /** Whoever had this address has another one: what is to be sent, and what was, goes with them; but for that of other customers. */
    readdress(from: string, to: string, others: readonly string[] = []): void {
      this.outboxEvents.readdress(from, to, others)
      this.campaigns.readdress(from, to, others)
    },

    /** What waits for a customer goes with them from an address where their contact never was. */
    readdressOf(source: string, customerId: string, from: string, to: string): void {
      const ids = customers.withMerged(source, [customerId])
      this.outboxEvents.readdressOf(ids, from, to)
      this.campaigns.readdressOf(ids, from, to)
    },

    /** When a campaign last fired for whoever has this address, or for their contact, under another address too. */
    lastFiredAt(campaign: string, email: string): Instant | null {
      const addresses = [email, ...this.moves.linked(email)]
      const times = [
        ...addresses.map((one) => this.campaigns.lastFiredAt(campaign, one)),
        ...customers
          .holdersOf(email)
          .map(({ source, id }) =>
            this.campaigns.lastFiredOf(campaign, source, customers.withMerged(source, [id])),
          ),
      ].filter((time) => time !== null)
      return times.length === 0 ? null : Math.max(...times)
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

    /** The same of many addresses at once. */
    recordsOfMany: createManyRecords(database),

    /** What is still to be delivered; what waits for something that was set aside or is in doubt does not count. */
    undelivered: (): { contacts: number; events: number } => ({
      contacts: openContacts.get()?.n ?? 0,
      events: openEvents.get()?.n ?? 0,
    }),

    /** When the next postponed delivery is due; null if none is. */
    nextDueAfter: (now: Instant): Instant | null => nextDue.get(now, now)?.at ?? null,

    /** The wall clock was set: what was planned stays as far away as it was. */
    shiftDue(by: Instant): void {
      for (const statement of shiftDue) statement.run({ by, far: FAR_FUTURE })
    },
    /** What is planned for later than it can have been was planned by a clock that was wrong: it is due now. */
    capDue(latest: { write: Instant; refused: Instant; event: Instant }, now: Instant): void {
      hurryWrites.run({ latest: latest.write, now })
      for (const [index, statement] of capDue.entries()) {
        const isEvent = PLANNED[index]?.[0] === 'outbox_events'
        statement.run({ latest: isEvent ? latest.event : latest.refused, now, far: FAR_FUTURE })
      }
    },

    /** When a contact is written once more next; null if none is. */
    nextAgainAt: (): Instant | null => nextAgain.get()?.at ?? null,

    /** When the next look for an event in doubt is due; null if none is in doubt. */
    nextLookAt: (): Instant | null => nextLook.get()?.at ?? null,

    truncateLog: (): void => truncateLog(database),
    /** One moment of the state, as a file of its own. */
    copyTo: (file: string): void => copyDatabase(database, file),
    /** What is wrong with the file; empty if nothing is. */
    check: (): string[] => checkDatabase(database),
    /** The rows of a table, one by one. */
    rows: (table: ExportedTable): IterableIterator<unknown> =>
      database.prepare(`SELECT * FROM ${table}`).iterate(),

    close,
  }
}
