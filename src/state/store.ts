// The state as one thing: its tables, and transactions over them.
import { statSync } from 'node:fs'

import type { ContactRecords } from '../model/profile.ts'
import type { Instant } from '../model/time.ts'
import { ConsoleAccess } from './console/access.ts'
import { ConsoleLog } from './console/log.ts'
import { Backlog } from './delivery/backlog.ts'
import { KnownBrevo } from './delivery/known-brevo.ts'
import { Campaigns } from './delivery/campaign-entries.ts'
import { Contacts } from './delivery/contacts.ts'
import { Cursors } from './reading/cursors.ts'
import { Customers } from './records/customers.ts'
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
import { type Database, readPragma } from './db/sqlite.ts'
import { Table } from './db/table.ts'
import { DeadLetters } from './delivery/dead-letters.ts'
import { OutboxContacts } from './delivery/outbox-contacts.ts'
import { OutboxEvents } from './delivery/outbox-events.ts'
import { type Epoch, openEpoch } from './db/epoch.ts'
import { Forgotten, type Erased, eraseForgotten, erasePerson } from './records/forgotten.ts'
import { HandlerEvents } from './delivery/handler-events.ts'
import { RefreshRequests } from './reading/refresh-requests.ts'
import { Ledger } from './delivery/ledger.ts'
import { Reconciled } from './records/reconciled.ts'
import { Moves } from './delivery/moves.ts'
import { ManyRecords } from './records/many-records.ts'
import { Runs } from './reading/runs.ts'
import { SourceEvents } from './records/source-events.ts'
import { Agents } from './records/agents.ts'
import { Surveys } from './records/surveys.ts'
import { Tickets } from './records/tickets.ts'
import { Trial } from './delivery/dry-run-notes.ts'
import { Meta } from './meta.ts'

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
  const epoch = openEpoch(opened.database, stateDir)
  return new Store(opened.database, () => opened.close(), epoch, opened.keptCopy)
}

/** For a copy that is thrown away: nothing of it survives a power cut. */
export function openStoreScratch(stateDir: string): Store {
  const opened = openDatabase(stateDir, undefined, 'scratch')
  return new Store(opened.database, () => opened.close(), openEpoch(opened.database, stateDir))
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
  return new Store(database, () => database.close(), null)
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

/** As any start does; where how it was before is kept, null where there was nothing to do. */
export function bringUpToDate(stateDir: string): string | null {
  if (!isOfEarlierTajo(stateDir)) return null
  const store = openStore(stateDir)
  store.close()
  return store.keptCopy
}

/** For single rows, while another process may read and send; null where nothing was ever stored. */
export function openStoreBeside(stateDir: string): Store | null {
  const database = openDatabaseBeside(stateDir)
  return database === null ? null : new Store(database, () => database.close(), null)
}

export class Store extends Table {
  readonly #epoch: Epoch | null
  readonly close: () => void
  /** True if this state is an older copy of what last worked here: a restored backup. */
  readonly restored: boolean

  readonly customers = new Customers(this.database)
  readonly tickets = new Tickets(this.database)
  readonly surveys = new Surveys(this.database)
  readonly agents = new Agents(this.database)
  readonly cursors = new Cursors(this.database)
  readonly sourceEvents = new SourceEvents(this.database)
  readonly contacts = new Contacts(this.database)
  readonly outboxContacts = new OutboxContacts(this.database)
  readonly outboxEvents = new OutboxEvents(this.database)
  readonly backlog = new Backlog(this.database)
  readonly deadLetters = new DeadLetters(this.database)
  readonly moves = new Moves(this.database)
  readonly reconciled = new Reconciled(this.database)
  readonly forgotten = new Forgotten(this.database)
  readonly refreshRequests = new RefreshRequests(this.database)
  readonly handlerEvents = new HandlerEvents(this.database)
  readonly campaigns = new Campaigns(this.database)
  readonly ledger = new Ledger(this.database)
  readonly trial = new Trial(this.database)
  readonly runs = new Runs(this.database)
  readonly consoleAccess = new ConsoleAccess(this.database)
  readonly consoleLog = new ConsoleLog(this.database)
  readonly meta = new Meta(this.database)
  readonly brevo = new KnownBrevo(this.meta)
  readonly #manyRecords = new ManyRecords(this.database)

  /** Where the state as it was before it was brought up to date is kept; null: it was up to date. */
  readonly keptCopy: string | null

  /** `epoch`: null for whoever does not send. */
  constructor(database: Database, close: () => void, epoch: Epoch | null, keptCopy: string | null = null) {
    super(database)
    this.keptCopy = keptCopy
    this.close = close
    this.#epoch = epoch
    this.restored = epoch?.restored ?? false
  }

  /** All of `action` or nothing of it; it must not wait for anything. */
  transaction<T>(action: () => T): T {
    return this.database.transaction(action).immediate()
  }

  readonly #total = this.database.prepare<[], { n: number }>('SELECT total_changes() AS n')

  /** Another one once any row was written, by this process or by another. */
  changeMark(): string {
    return `${this.#total.get()!.n}.${String(readPragma(this.database, 'data_version'))}`
  }

  /** Of the files on disk, in bytes. */
  sizes(): { stateBytes: number; walBytes: number } {
    const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
    const { name } = this.database
    return { stateBytes: sizeOf(name), walBytes: sizeOf(`${name}-wal`) }
  }

  /** The copy is the state from now on. To be followed by `sealEpoch`. */
  acceptRestored(): void {
    this.#epoch?.accept()
  }

  /** Writes down beside the database how far it is. */
  sealEpoch(): void {
    this.#epoch?.seal()
  }

  /**
   * A transaction after which something leaves this machine that must not leave twice. `undo` takes it back where nothing may
   * leave: then `state_unsealed` is thrown.
   */
  commitSending(action: () => void, undo: () => void): void {
    this.transaction(() => {
      action()
      this.#epoch?.advance()
    })
    try {
      this.#epoch?.seal()
    } catch (thrown) {
      this.transaction(undo)
      throw thrown
    }
  }

  /** Removes whoever was forgotten and is still known: in an older copy. Called in a transaction. */
  eraseForgotten(): number {
    return eraseForgotten(this.database, this.forgotten)
  }

  /** Keeps nothing of an address but its salted hash. */
  forget(email: string, now: Instant): { hash: string; erased: Erased } {
    return this.transaction(() => ({
      erased: erasePerson(this.database, email),
      hash: this.forgotten.put(email, now),
    }))
  }

  /** Whoever had this address has another one: what is to be sent, and what was, goes with them; but for that of other customers. */
  readdress(from: string, to: string, others: readonly string[] = []): void {
    this.outboxEvents.readdress(from, to, others)
    this.campaigns.readdress(from, to, others)
  }

  /** What waits for a customer goes with them from an address where their contact never was. */
  readdressOf(source: string, customerId: string, from: string, to: string): void {
    const ids = this.customers.withMerged(source, [customerId])
    this.outboxEvents.readdressOf(ids, from, to)
    this.campaigns.readdressOf(ids, from, to)
  }

  /** When a campaign last fired for whoever has this address, or for their contact, under another address too. */
  lastFiredAt(campaign: string, email: string): Instant | null {
    const addresses = [email, ...this.moves.linked(email)]
    const times = [
      ...addresses.map((one) => this.campaigns.lastFiredAt(campaign, one)),
      ...this.customers
        .holdersOf(email)
        .map(({ source, id }) =>
          this.campaigns.lastFiredOf(campaign, source, this.customers.withMerged(source, [id])),
        ),
    ].filter((time) => time !== null)
    return times.length === 0 ? null : Math.max(...times)
  }

  /** Everything known of an address at one source, merged customers included. */
  recordsOf(source: string, email: string): ContactRecords {
    const live = this.customers.withEmail(source, email)
    const ids = this.customers.withMerged(
      source,
      live.map((one) => one.id),
    )
    return {
      email,
      customers: live,
      tickets: this.tickets.countedOf(source, ids),
      surveys: this.surveys.scoredOf(source, ids),
    }
  }

  /** The same of many addresses at once. */
  recordsOfMany(source: string, emails: readonly string[]): Map<string, ContactRecords> {
    return this.#manyRecords.of(source, emails)
  }

  truncateLog(): void {
    truncateLog(this.database)
  }

  /** One moment of the state, as a file of its own. */
  copyTo(file: string): void {
    copyDatabase(this.database, file)
  }

  /** What is wrong with the file; empty if nothing is. */
  check(): string[] {
    return checkDatabase(this.database)
  }

  /** The rows of a table, one by one. */
  rows(table: ExportedTable): IterableIterator<unknown> {
    return this.database.prepare(`SELECT * FROM ${table}`).iterate()
  }
}
