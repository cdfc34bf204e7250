// Customers as last read, who was merged into whom, and the shop's own addresses.
import { normalizeEmail } from '../../model/email.ts'
import type { ProfileCustomer } from '../../model/profile.ts'
import type { Agent, Customer, CustomField, Mailbox, RecordId, Tag } from '../../model/records.ts'
import { Table } from '../db/table.ts'

export interface CustomerRow {
  id: string
  email: string | null
  name: string | null
  firstname: string | null
  lastname: string | null
  language: string | null
  timezone: string | null
  external_id: string | null
  note: string | null
  phone: string | null
  phone_due: number
  created_at: number
  updated_at: number
  version: string
  custom_fields: string
  data: string | null
  stub: number
  merged_into: string | null
  deleted: number
}

/** What is kept of a customer that the next reading is compared with. */
export interface StoredCustomer {
  id: string
  email: string | null
  name: string | null
  stub: boolean
  mergedInto: string | null
  deleted: boolean
}

/** Deeper chains of merges are a loop. */
const MAX_MERGES = 20

export class Customers extends Table {
  /** A few; asked for with every contact. */
  #own: Set<string> | null = null

  readonly #select = this.database.prepare<[string, string], CustomerRow>(
    'SELECT * FROM customers WHERE source = ? AND id = ?',
  )

  readonly #upsert = this.database.prepare(`
    INSERT INTO customers (source, id, email, name, firstname, lastname, language, timezone, external_id, note,
      created_at, updated_at, version, custom_fields, data, stub)
    VALUES (@source, @id, @email, @name, @firstname, @lastname, @language, @timezone, @external_id, @note,
      @created_at, @updated_at, @version, @custom_fields, @data, @stub)
    ON CONFLICT (source, id) DO UPDATE SET
      email = excluded.email, name = excluded.name, firstname = excluded.firstname, lastname = excluded.lastname,
      language = excluded.language, timezone = excluded.timezone, external_id = excluded.external_id, note = excluded.note,
      created_at = excluded.created_at, updated_at = excluded.updated_at, version = excluded.version,
      custom_fields = excluded.custom_fields, data = excluded.data, stub = excluded.stub,
      phone_due = 1, deleted = 0, merged_into = NULL`)

  /** Stores the reading; what was there before, and whether anything in the reading is new. */
  put(source: string, customer: Customer): { before: StoredCustomer | null; changed: boolean } {
    const before = this.#select.get(source, customer.id)
    const row = toRow(source, customer)
    const isGone = before !== undefined && (before.deleted === 1 || before.merged_into !== null)
    // Only their this.#own record brings somebody back: what mentions them may be older than their end.
    const changed =
      before === undefined ||
      (isGone && row.stub === 0) ||
      // A mention has the date of what mentioned it, and knows less.
      (before.stub === 1 && row.stub === 0) ||
      (!isGone && !isSame(before, row) && before.updated_at <= row.updated_at)
    if (changed) this.#upsert.run(row)
    return { before: before === undefined ? null : toStored(before), changed }
  }

  readonly #setMerged = this.database.prepare(
    'UPDATE customers SET merged_into = ? WHERE source = ? AND id = ?',
  )

  readonly #insertMerged = this.database.prepare(`
    INSERT INTO customers (source, id, created_at, updated_at, version, stub, merged_into) VALUES (?, ?, 0, 0, '', 1, ?)
    ON CONFLICT (source, id) DO UPDATE SET merged_into = excluded.merged_into`)

  /** The customer `id` is no more: `into` took its place. */
  merge(source: string, id: string, into: string): void {
    if (this.#setMerged.run(into, source, id).changes === 0) this.#insertMerged.run(source, id, into)
  }

  // Of one that is gone only the address is kept: its list memberships may have to end, or to stay (`on_delete`).
  readonly #setDeleted = this.database.prepare(`
    INSERT INTO customers (source, id, created_at, updated_at, version, stub, deleted) VALUES (?, ?, 0, 0, '', 1, 1)
    ON CONFLICT (source, id) DO UPDATE SET deleted = 1, name = NULL, firstname = NULL, lastname = NULL, language = NULL,
      timezone = NULL, external_id = NULL, note = NULL, phone = NULL, custom_fields = '{}', data = NULL`)

  remove(source: string, id: string): void {
    this.#setDeleted.run(source, id)
  }

  readonly #selectStub = this.database.prepare<[string, string], { stub: number }>(
    'SELECT stub FROM customers WHERE source = ? AND id = ?',
  )

  /** True if anything is known of the customer. */
  isKnown(source: string, id: string): boolean {
    return this.#selectStub.get(source, id) !== undefined
  }

  /** True if the customer itself was read, not only mentioned by a ticket. */
  isRead(source: string, id: string): boolean {
    return this.#selectStub.get(source, id)?.stub === 0
  }

  readonly #selectEmail = this.database.prepare<
    [string, string],
    { email: string | null; merged_into: string | null; deleted: number }
  >('SELECT email, merged_into, deleted FROM customers WHERE source = ? AND id = ?')

  /** The address of a customer, or of the one that they have become by merges. */
  emailOf(source: string, id: string): string | null {
    let row = this.#selectEmail.get(source, id)
    for (let merges = 0; row?.merged_into != null && merges < MAX_MERGES; merges += 1) {
      row = this.#selectEmail.get(source, row.merged_into)
    }
    return row === undefined || row.deleted === 1 ? null : row.email
  }

  readonly #liveEmails = this.database.prepare<[], { email: string }>(
    'SELECT DISTINCT email FROM customers WHERE email IS NOT NULL AND deleted = 0 AND merged_into IS NULL ORDER BY email',
  )

  /** The addresses of all live customers, each once. */
  liveEmails(): string[] {
    return this.#liveEmails.all().map((row) => row.email)
  }

  readonly #idsAfter = this.database.prepare<[string, string, number], { id: string }>(`
    SELECT id FROM customers WHERE source = ? AND id > ? AND deleted = 0 AND merged_into IS NULL ORDER BY id LIMIT ?`)

  /** Of those who are there, in the order of their ids. */
  idsAfter(source: string, after: string, limit: number): string[] {
    return this.#idsAfter.all(source, after, limit).map((row) => row.id)
  }

  readonly #anyLive = this.database.prepare<[string]>(
    'SELECT 1 FROM customers WHERE email = ? AND deleted = 0 AND merged_into IS NULL LIMIT 1',
  )

  /** True if any customer has the address, at any source. */
  isLive(email: string): boolean {
    return this.#anyLive.get(email) !== undefined
  }

  readonly #holders = this.database.prepare<[string], { source: string; id: string }>(
    'SELECT source, id FROM customers WHERE email = ? AND deleted = 0 AND merged_into IS NULL',
  )

  /** Who has the address. */
  holdersOf(email: string): { source: string; id: RecordId }[] {
    return this.#holders.all(email)
  }

  readonly #anyDeleted = this.database.prepare<[string]>(
    'SELECT 1 FROM customers WHERE email = ? AND deleted = 1 LIMIT 1',
  )

  /** True if a customer who had the address was deleted in the helpdesk. */
  wasDeleted(email: string): boolean {
    return this.#anyDeleted.get(email) !== undefined
  }

  readonly #live = this.database.prepare<[string, string], CustomerRow>(
    'SELECT * FROM customers WHERE source = ? AND email = ? AND deleted = 0 AND merged_into IS NULL',
  )

  /** The live customers of an address. */
  withEmail(source: string, email: string): ProfileCustomer[] {
    return this.#live.all(source, email).map((row) => toProfileCustomer(row))
  }

  readonly #mergedInto = this.database.prepare<[string, string], { id: string }>(
    'SELECT id FROM customers WHERE source = ? AND merged_into = ?',
  )

  /** These ids and those of all that were merged into them. */
  withMerged(source: string, ids: readonly string[]): string[] {
    const known = new Set(ids)
    for (const id of known) for (const row of this.#mergedInto.all(source, id)) known.add(row.id)
    return [...known]
  }

  readonly #mergedAddresses = this.database.prepare<[string], { email: string }>(`
    WITH RECURSIVE person (source, id) AS (
      SELECT source, id FROM customers WHERE email = ?
      UNION SELECT c.source, c.id FROM customers c JOIN person p ON c.source = p.source AND c.merged_into = p.id)
    SELECT DISTINCT c.email FROM customers c JOIN person p ON c.source = p.source AND c.id = p.id WHERE c.email IS NOT NULL`)

  /** Addresses of customers that were merged into whoever has this one, and that nobody else has. */
  mergedAddresses(email: string): string[] {
    return this.#mergedAddresses
      .all(email)
      .map((row) => row.email)
      .filter((one) => one !== email && this.#anyLive.get(one) === undefined)
  }

  readonly #selectPhoneDue = this.database.prepare<[string, string, number], { id: string; email: string }>(`
    SELECT id, email FROM customers INDEXED BY customers_phone_due
    WHERE source = ? AND phone_due = 1 AND email IS NOT NULL AND deleted = 0 AND merged_into IS NULL AND stub = 0
      AND id > ? ORDER BY id LIMIT ?`)

  /** Customers whose phone has to be read, in the order of their ids, those after `after`. */
  phoneDue(source: string, after: string, limit: number) {
    return this.#selectPhoneDue.all(source, after, limit)
  }

  readonly #setPhoneDue = this.database.prepare(
    'UPDATE customers SET phone_due = ? WHERE source = ? AND id = ?',
  )

  /** The phone can't be read now: not asked for again before `askPhone`. */
  leavePhone(source: string, id: string): void {
    this.#setPhoneDue.run(0, source, id)
  }

  askPhone(source: string, id: string): void {
    this.#setPhoneDue.run(1, source, id)
  }

  readonly #selectPhone = this.database.prepare<[string, string], { phone: string | null }>(
    'SELECT phone FROM customers WHERE source = ? AND id = ?',
  )

  readonly #setPhone = this.database.prepare(
    'UPDATE customers SET phone = @phone, phone_invalid = @invalid, phone_due = 0 WHERE source = @source AND id = @id',
  )

  /** As typed; `valid` says whether it is a number that can be sent. */
  /** True if it was another one before. */
  putPhone(source: string, id: string, phone: string | null, valid: boolean): boolean {
    const before = this.#selectPhone.get(source, id)
    this.#setPhone.run({ phone, invalid: phone !== null && !valid ? 1 : 0, source, id })
    return before !== undefined && before.phone !== phone
  }

  readonly #upsertOwn = this.database.prepare(`
    INSERT INTO own_addresses (source, id, email) VALUES (?, ?, ?) ON CONFLICT (source, id) DO UPDATE SET email = excluded.email`)

  /** The shop's own: an agent's or a mailbox's address. */
  putOwnAddress(source: string, record: Agent | Mailbox): void {
    const email = normalizeEmail(record.kind === 'agent' ? record.email : record.address)
    if (email === null) return
    this.#upsertOwn.run(source, `${record.kind}:${record.id}`, email)
    this.#own = null
  }

  readonly #selectOwn = this.database.prepare<[], { email: string }>('SELECT email FROM own_addresses')

  isOwnAddress(email: string): boolean {
    this.#own ??= new Set(this.#selectOwn.all().map((row) => row.email))
    return this.#own.has(email)
  }

  readonly #putTag = this.database.prepare(
    'INSERT INTO tags (source, id, name) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name',
  )

  putTag(source: string, tag: Tag): void {
    this.#putTag.run(source, tag.id, tag.name)
  }

  readonly #selectTag = this.database.prepare<[string, string], { name: string }>(
    'SELECT name FROM tags WHERE source = ? AND id = ?',
  )

  tagName(source: string, id: string): string | null {
    return this.#selectTag.get(source, id)?.name ?? null
  }

  readonly #upsertField = this.database.prepare(`
    INSERT INTO custom_fields (source, id, label, data_type) VALUES (?, ?, ?, ?)
    ON CONFLICT (source, id) DO UPDATE SET label = excluded.label, data_type = excluded.data_type`)

  putCustomField(source: string, field: CustomField): void {
    this.#upsertField.run(source, field.id, field.label, field.dataType)
  }

  readonly #selectFields = this.database.prepare<[string], { id: string; label: string; data_type: string }>(
    'SELECT id, label, data_type FROM custom_fields WHERE source = ?',
  )

  customFields(source: string): CustomField[] {
    return this.#selectFields
      .all(source)
      .map((row) => ({ kind: 'custom_field', id: row.id, label: row.label, dataType: row.data_type }))
  }

  readonly #count = this.database.prepare<
    [string],
    { all_: number; without_email: number; bad_phone: number }
  >(`
    SELECT count(*) AS all_, count(*) FILTER (WHERE email IS NULL) AS without_email,
      count(*) FILTER (WHERE phone_invalid = 1) AS bad_phone
    FROM customers WHERE source = ? AND deleted = 0 AND merged_into IS NULL`)

  count(source: string): { all: number; withoutEmail: number; invalidPhones: number } {
    const row = this.#count.get(source)
    return {
      all: row?.all_ ?? 0,
      withoutEmail: row?.without_email ?? 0,
      invalidPhones: row?.bad_phone ?? 0,
    }
  }
}

function toRow(source: string, customer: Customer) {
  return {
    source,
    id: customer.id,
    email: normalizeEmail(customer.email),
    name: customer.name,
    firstname: customer.firstname,
    lastname: customer.lastname,
    language: customer.language,
    timezone: customer.timezone,
    external_id: customer.externalId,
    note: customer.note,
    created_at: customer.createdAt,
    updated_at: customer.updatedAt,
    version: customer.version,
    custom_fields: JSON.stringify(customer.customFields),
    data: customer.data === null ? null : JSON.stringify(customer.data),
    stub: customer.stub ? 1 : 0,
  }
}

function isSame(before: CustomerRow, row: ReturnType<typeof toRow>): boolean {
  return Object.entries(row).every(
    ([key, value]) => key === 'source' || before[key as keyof CustomerRow] === value,
  )
}

function toStored(row: CustomerRow): StoredCustomer {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    stub: row.stub === 1,
    mergedInto: row.merged_into,
    deleted: row.deleted === 1,
  }
}

export function toProfileCustomer(row: CustomerRow): ProfileCustomer {
  return {
    id: row.id,
    name: row.name,
    firstname: row.firstname,
    lastname: row.lastname,
    phone: row.phone,
    language: row.language,
    timezone: row.timezone,
    externalId: row.external_id,
    note: row.note,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    customFields: JSON.parse(row.custom_fields) as Record<string, unknown>,
    data: row.data === null ? null : (JSON.parse(row.data) as Record<string, unknown>),
  }
}
