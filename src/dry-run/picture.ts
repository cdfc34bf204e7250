// A picture of Brevo's contacts, in which a dry run writes: as Brevo holds them, and as they would be after everything.
import type { HeldContact } from '../model/destination.ts'
import type { AttributeValue } from '../model/operations.ts'

/** What writes would change of one contact. */
export interface ContactChange {
  email: string
  /** The address that it had; null where it keeps its own. */
  renamedFrom: string | null
  created: boolean
  /** It gets no e-mails from then on: its person was blocked under another address. */
  blocked: boolean
  /** Name → what Brevo holds, and what it would hold; null: nothing. */
  attributes: Record<string, { old: unknown; new: AttributeValue | null }>
  lists: { add: number[]; remove: number[] }
}

/** Everything that would be written of one contact, whether it changes anything or not. */
export interface ContactWrites {
  email: string
  attributes: Record<string, AttributeValue | null>
  add: number[]
  remove: number[]
  block: boolean
}

export interface Pictured {
  /** As Brevo holds it; null: it does not. */
  readonly original: HeldContact | null
  /** After all that was simulated; the same object until something is written. */
  now: HeldContact
  written: ContactWrites | null
}

export class Picture {
  /** By address; null: Brevo has no such contact. */
  readonly #byEmail = new Map<string, Pictured | null>()
  readonly #all = new Set<Pictured>()
  readonly #holds: (held: unknown, sent: AttributeValue | null) => boolean

  /** `holds`: whether what Brevo gives back is what was sent. */
  constructor(holds: (held: unknown, sent: AttributeValue | null) => boolean) {
    this.#holds = holds
  }

  /** Contacts that were looked at. */
  get size(): number {
    return this.#all.size
  }

  /** `undefined`: not looked at yet; null: Brevo has none. */
  get(email: string): Pictured | null | undefined {
    return this.#byEmail.get(email)
  }

  /** As Brevo holds it; what was written meanwhile stays. */
  see(held: HeldContact): Pictured {
    return this.#byEmail.get(held.email) ?? this.#put(held.email, held)
  }

  seeNone(email: string): void {
    if (!this.#byEmail.has(email)) this.#byEmail.set(email, null)
  }

  create(email: string): Pictured {
    return this.#put(email, null)
  }

  #put(email: string, original: HeldContact | null): Pictured {
    const nobody = { email, attributes: {}, blocked: false, lists: [], unsubscribed: [] }
    const pictured = { original, now: original ?? nobody, written: null }
    this.#byEmail.set(email, pictured)
    this.#all.add(pictured)
    return pictured
  }

  write(pictured: Pictured, more: Partial<Omit<ContactWrites, 'email'>>): void {
    const { attributes = {}, add = [], remove = [], block = false } = more
    const now = this.#toOwn(pictured)
    const written = (pictured.written ??= { email: now.email, attributes: {}, add: [], remove: [], block })
    Object.assign(written.attributes, attributes)
    if (add.length > 0) written.add = [...new Set([...written.add, ...add])]
    if (remove.length > 0) written.remove = [...new Set([...written.remove, ...remove])]
    written.block ||= block
    written.email = now.email
    Object.assign(now.attributes, attributes)
    if (block) now.blocked = true
    if (add.length + remove.length > 0)
      now.lists = [...new Set([...now.lists, ...add])].filter((list) => !remove.includes(list))
  }

  rename(pictured: Pictured, to: string): void {
    const now = this.#toOwn(pictured)
    this.#byEmail.set(now.email, null)
    this.#byEmail.set(to, pictured)
    now.email = to
  }

  /** What Brevo holds is not changed with it. */
  #toOwn(pictured: Pictured): HeldContact {
    if (pictured.now === pictured.original)
      pictured.now = { ...pictured.now, attributes: { ...pictured.now.attributes } }
    return pictured.now
  }

  /** Those that were written to, as they would be. */
  touched(): HeldContact[] {
    return [...this.#all].flatMap((one) => (one.written === null ? [] : one.now))
  }

  writes(): ContactWrites[] {
    return [...this.#all].flatMap((one) => one.written ?? [])
  }

  changes(): ContactChange[] {
    return [...this.#all].flatMap((one) => (one.written === null ? [] : (this.#toChange(one) ?? [])))
  }

  /** Null where Brevo would hold what it holds. */
  #toChange({ original, now, written }: Pictured): ContactChange | null {
    const attributes: ContactChange['attributes'] = {}
    for (const name of Object.keys(written?.attributes ?? {})) {
      const value = (now.attributes[name] ?? null) as AttributeValue | null
      const old = original?.attributes[name] ?? null
      if (!this.#holds(old, value)) attributes[name] = { old, new: value }
    }
    const before = original?.lists ?? []
    const add = now.lists.filter((list) => !before.includes(list)).sort((a, b) => a - b)
    const remove = before.filter((list) => !now.lists.includes(list)).sort((a, b) => a - b)
    const renamedFrom = original !== null && original.email !== now.email ? original.email : null
    const blocked = now.blocked && original?.blocked !== true
    const isSame =
      original !== null &&
      renamedFrom === null &&
      !blocked &&
      Object.keys(attributes).length + add.length + remove.length === 0
    if (isSame) return null
    const created = original === null
    return { email: now.email, renamedFrom, created, blocked, attributes, lists: { add, remove } }
  }
}
