// The sandbox's Brevo as data: contacts, lists, attributes, imports, events. It is as unforgiving as the fact sheet says:
// values of the wrong type vanish without a word, a bad phone costs the whole write, an import drops `false` and may merge
// contacts, adding to a list puts back who had left it (brevo-api.md § 2, § 3).

export interface SandboxContact {
  id: number
  email: string
  attributes: Record<string, unknown>
  extId: string | null
  lists: Set<number>
  unsubscribed: Set<number>
  emailBlacklisted: boolean
  createdAt: number
  modifiedAt: number
}

export interface SandboxAttribute {
  name: string
  category: 'normal' | 'category'
  type?: string
  enumeration?: { value: number; label: string }[]
  multiCategoryOptions?: string[]
}

export interface SandboxEvent {
  contactId: number | null
  email: string | null
  name: string
  date: string
  properties: Record<string, unknown>
  contactProperties: Record<string, unknown>
  receivedAt: number
}

export interface ContactInput {
  attributes?: Record<string, unknown>
  ext_id?: string
  listIds?: number[]
  unlinkListIds?: number[]
  emailBlacklisted?: boolean
}

/** `{code, message}` as Brevo answers 400. */
export class Refusal extends Error {
  readonly code: string
  readonly metadata: Record<string, unknown> | undefined
  constructor(code: string, message: string, metadata?: Record<string, unknown>) {
    super(message)
    this.code = code
    this.metadata = metadata
  }
}

const PHONE_ATTRIBUTES = ['SMS', 'WHATSAPP', 'LANDLINE_NUMBER']

export class BrevoAccount {
  readonly contacts = new Map<string, SandboxContact>()
  readonly attributes = new Map<string, SandboxAttribute>()
  readonly lists = new Map<number, string>()
  readonly folders = new Map<number, string>([[1, 'Your first folder']])
  readonly processes = new Map<number, { readyAt: number }>()
  readonly events: SandboxEvent[] = []
  /** Contacts that an import merged away: there must be none. */
  readonly merged: string[] = []
  onEvent: ((event: SandboxEvent) => void) | null = null
  importDelayMs = 200
  /** Whether an import leaves `false` out: reported of JSON, not of files (brevo-api.md § 2.5). */
  importDropsFalse = { json: true, file: false }
  /** How long after it was taken an event is shown in the list. */
  eventLagMs = 0
  /** Changing the address of a blocked contact lifts the block, whatever the same request says (brevo-api.md § 2.2). */
  liftsBlockOnRename = true
  readonly now: () => number
  readonly #phones = new Map<string, string>()
  readonly #extIds = new Map<string, string>()
  #nextId = 1

  constructor(now: () => number = Date.now) {
    this.now = now
  }

  nextId(): number {
    this.#nextId += 1
    return this.#nextId
  }

  addAttribute(name: string, type: string, extra: Partial<SandboxAttribute> = {}): void {
    this.attributes.set(name, { name, category: 'normal', type, ...extra })
  }

  /** Adds, and puts back: that is what makes it dangerous to add someone who left. */
  addToList(contact: SandboxContact, list: number): void {
    contact.lists.add(list)
    contact.unsubscribed.delete(list)
  }

  /** The contact clicks the unsubscribe link of a campaign to this list. */
  leaveList(email: string, list: number): void {
    const contact = this.contacts.get(email)!
    contact.lists.delete(list)
    contact.unsubscribed.add(list)
    contact.modifiedAt = this.now()
  }

  /** Creates or changes a contact, or refuses all of it. */
  write(email: string, input: ContactInput): SandboxContact {
    const before = this.contacts.get(email)
    for (const list of [...(input.listIds ?? []), ...(input.unlinkListIds ?? [])]) {
      if (!this.lists.has(list)) throw new Refusal('invalid_parameter', 'List ID does not exist')
    }
    const accepted = this.#accept(input.attributes ?? {})
    this.#refuseDuplicates(email, accepted, input.ext_id)
    const address = addressOf(input) ?? email
    if (before !== undefined && address !== email) this.#rename(before, address)
    const contact = before ?? this.#create(email)
    this.#setIdentifiers(contact, accepted, input.ext_id)
    Object.assign(contact.attributes, accepted)
    for (const list of input.listIds ?? []) this.addToList(contact, list)
    for (const list of input.unlinkListIds ?? []) contact.lists.delete(list)
    const isRenamed = contact.email !== email
    if (input.emailBlacklisted !== undefined && !(isRenamed && this.liftsBlockOnRename)) {
      contact.emailBlacklisted = input.emailBlacklisted
    }
    contact.modifiedAt = this.now()
    return contact
  }

  #rename(contact: SandboxContact, to: string): void {
    if (this.contacts.has(to)) {
      throw new Refusal(
        'duplicate_parameter',
        'Unable to update contact, email is already associated with another Contact',
        { duplicate_identifiers: ['email'] },
      )
    }
    for (const [key, owner] of this.#phones) if (owner === contact.email) this.#phones.set(key, to)
    for (const [key, owner] of this.#extIds) if (owner === contact.email) this.#extIds.set(key, to)
    this.contacts.delete(contact.email)
    contact.email = to
    this.contacts.set(to, contact)
    if (this.liftsBlockOnRename) contact.emailBlacklisted = false
  }

  /** Someone deletes the contact in Brevo. */
  delete(email: string): boolean {
    for (const [key, owner] of this.#phones) if (owner === email) this.#phones.delete(key)
    for (const [key, owner] of this.#extIds) if (owner === email) this.#extIds.delete(key)
    return this.contacts.delete(email)
  }

  #create(email: string): SandboxContact {
    const now = this.now()
    const contact = {
      id: this.nextId(),
      email,
      attributes: {},
      extId: null,
      lists: new Set<number>(),
      unsubscribed: new Set<number>(),
      emailBlacklisted: false,
      createdAt: now,
      modifiedAt: now,
    }
    this.contacts.set(email, contact)
    return contact
  }

  #setIdentifiers(
    contact: SandboxContact,
    attributes: Record<string, unknown>,
    extId: string | undefined,
  ): void {
    for (const name of PHONE_ATTRIBUTES) {
      if (!(name in attributes)) continue
      const value = attributes[name]
      this.#phones.delete(`${name}:${String(contact.attributes[name])}`)
      if (typeof value === 'string' && value !== '') this.#phones.set(`${name}:${value}`, contact.email)
    }
    if (extId === undefined) return
    if (contact.extId !== null) this.#extIds.delete(contact.extId)
    contact.extId = extId
    this.#extIds.set(extId, contact.email)
  }

  /** What of the values arrives. A phone that is none throws; anything else that does not fit is just not there. */
  #accept(attributes: Record<string, unknown>): Record<string, unknown> {
    const accepted: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(attributes)) {
      if (PHONE_ATTRIBUTES.includes(name)) {
        const digits = String(value).replace(/^(\+|00)/, '')
        if (value !== '' && !/^\d{8,15}$/.test(digits))
          throw new Refusal('invalid_parameter', 'Invalid phone number')
        accepted[name] = digits
        continue
      }
      if (name === 'EMAIL') continue
      const attribute = this.attributes.get(name)
      if (attribute === undefined) continue
      if (value === '') accepted[name] = undefined
      else if (fits(attribute, value)) accepted[name] = value
    }
    return accepted
  }

  #refuseDuplicates(email: string, attributes: Record<string, unknown>, extId: string | undefined): void {
    const duplicates = PHONE_ATTRIBUTES.filter((name) => {
      const owner = this.#phones.get(`${name}:${String(attributes[name])}`)
      return attributes[name] !== undefined && owner !== undefined && owner !== email
    })
    if (extId !== undefined && (this.#extIds.get(extId) ?? email) !== email) duplicates.push('ext_id')
    if (duplicates.length === 0) return
    throw new Refusal(
      'duplicate_parameter',
      `Unable to update contact, ${duplicates.join(', ')} is already associated with another Contact`,
      {
        duplicate_identifiers: duplicates,
      },
    )
  }

  /** One row of an import: nothing is refused, `false` and what does not fit are dropped, a phone of another merges. */
  importRow(
    row: { email?: unknown; attributes?: Record<string, unknown> },
    listIds: readonly number[],
    isFile = false,
  ): void {
    if (typeof row.email !== 'string' || !row.email.includes('@')) return
    const email = row.email.toLowerCase()
    for (const name of PHONE_ATTRIBUTES) {
      const owner = this.#phones.get(`${name}:${String(row.attributes?.[name]).replace(/^\+/, '')}`)
      if (owner !== undefined && owner !== email) {
        this.contacts.delete(owner)
        this.merged.push(owner)
      }
    }
    const contact = this.contacts.get(email) ?? this.#create(email)
    for (const [name, value] of Object.entries(row.attributes ?? {})) {
      const attribute = this.attributes.get(name)
      if (
        attribute !== undefined &&
        (value !== false || !this.importDropsFalse[isFile ? 'file' : 'json']) &&
        value !== '' &&
        value !== null &&
        fits(attribute, value)
      )
        contact.attributes[name] = value
    }
    for (const list of listIds) this.addToList(contact, list)
    contact.modifiedAt = this.now()
  }

  /** What an event says of its contact; values of the wrong type are dropped as everywhere. */
  setAttributes(contact: SandboxContact, attributes: Record<string, unknown>): void {
    Object.assign(contact.attributes, this.#accept(attributes))
    contact.modifiedAt = this.now()
  }

  addEvent(event: Omit<SandboxEvent, 'receivedAt'>): void {
    const received = { ...event, receivedAt: this.now() }
    this.events.push(received)
    this.onEvent?.(received)
  }
}

function addressOf(input: ContactInput): string | undefined {
  const address = input.attributes?.['EMAIL']
  return typeof address === 'string' ? address.trim().toLowerCase() : undefined
}

function fits(attribute: SandboxAttribute, value: unknown): boolean {
  if (attribute.category === 'category')
    return attribute.enumeration?.some((option) => option.value === value) ?? false
  switch (attribute.type ?? 'text') {
    case 'float':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)
    case 'multiple-choice':
      return (
        Array.isArray(value) &&
        value.every((one) => attribute.multiCategoryOptions?.includes(String(one)) ?? false)
      )
    default:
      return typeof value === 'string'
  }
}
