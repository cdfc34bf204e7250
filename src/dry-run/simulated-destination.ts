// A destination that takes every write into a picture, and leaves nothing behind. What it has to know of Brevo it reads there. What the
// outbox does against it is what it would do.
import type { ContactDone, Destination, HeldContact, Rename } from '../model/destination.ts'
import { membershipOf } from '../model/memberships.ts'
import {
  type ContactWrite,
  type EventWrite,
  IDENTIFIERS,
  type OptOut,
  type Outcome,
} from '../model/operations.ts'
import { Picture, type Pictured } from './picture.ts'

/** What the engine would have asked of Brevo, by its buckets. Reads that only the picture needs are not among them. */
export interface Counted {
  contacts: number
  events: number
  other: number
}

export interface Simulation {
  picture: Picture
  events: EventWrite[]
  counted: Counted
  /** Why something could not be foreseen: Brevo could not be read. */
  failure(): string | null
  /** Over the real one, which is only read. */
  over(real: Destination): Destination
  /** All contacts are read beforehand, where many are to be written. */
  seeAll(signal?: AbortSignal): Promise<void>
  /** These are read beforehand: one by one, or with all others where they are many. */
  see(emails: readonly string[], signal?: AbortSignal): Promise<void>
  /** What `writeContact` would do, at once, to a contact that was seen. True if it makes the contact. `isImported`: no request of its own. */
  writeSeen(write: ContactWrite, mayCreate: boolean, isImported: boolean): boolean
}

/** Single reads before all contacts are read instead, a thousand at a time. */
export const READ_SINGLY = 40
export const PAGE = 1_000

export function createSimulation(holds: Destination['holds']): Simulation {
  const picture = new Picture(holds)
  const counted: Counted = { contacts: 0, events: 0, other: 0 }
  const events: EventWrite[] = []
  const look = new Look(picture)
  /** The one of the last delivery. */
  let known: Destination | null = null
  return {
    picture,
    events,
    counted,
    failure: () => look.failure,
    over(real) {
      known = real
      return {
        ...toReads(real, look, counted),
        ...toEvents(real, events, counted),
        ...toWrites(real, look, counted),
      }
    },
    seeAll: (signal) => (known === null ? Promise.resolve() : look.seeAll(known, signal)),
    async see(emails, signal) {
      if (known === null) return
      if (emails.length > READ_SINGLY) return await look.seeAll(known, signal)
      for (const email of emails) await look.find(known, email, signal)
    },
    writeSeen(write, mayCreate, isImported) {
      const found = picture.get(write.email) ?? null
      if (found === null && (write.exists || !mayCreate)) return false
      if (!isImported) counted.contacts += write.addLists.length > 0 ? 2 : 1
      const add = write.addLists.filter(
        (list) => membershipOf(list, found?.now ?? null, write.giving.includes(list)) === null,
      )
      const { attributes, removeLists: remove } = write
      picture.write(found ?? picture.create(write.email), { attributes, add, remove })
      return found === null
    },
  }
}

/** What of Brevo is in the picture; the rest is read when it is asked for. */
class Look {
  readonly picture: Picture
  failure: string | null = null
  #readSingly = 0
  /** Every contact that Brevo has is in the picture. */
  #complete: Promise<void> | null = null

  constructor(picture: Picture) {
    this.picture = picture
  }

  seeAll(real: Destination, signal?: AbortSignal): Promise<void> {
    const read = async (): Promise<void> => {
      for await (const page of real.readContacts(null, signal))
        for (const held of page) this.picture.see(held)
    }
    return (this.#complete ??= read())
  }

  hasSeenAll(): void {
    this.#complete ??= Promise.resolve()
  }

  /** The contact as it is after all that was simulated; `unread` where Brevo could not be asked. */
  async find(real: Destination, email: string, signal?: AbortSignal): Promise<Pictured | null | 'unread'> {
    const pictured = this.picture.get(email)
    if (pictured !== undefined) return pictured
    if (this.#complete !== null || this.#readSingly >= READ_SINGLY) {
      await this.seeAll(real, signal)
      return this.picture.get(email) ?? null
    }
    this.#readSingly += 1
    const answer = await real.readContact(email, signal)
    if (answer.result !== 'done') {
      this.failure = answer.reason
      return 'unread'
    }
    if (answer.contact !== null) return this.picture.see(answer.contact)
    this.picture.seeNone(email)
    return null
  }
}

type Events = Pick<Destination, 'sendEvent' | 'sendEvents' | 'canReadEvents' | 'readEvents'>

function toEvents(real: Destination, events: EventWrite[], counted: Counted): Events {
  return {
    canReadEvents: () => real.canReadEvents(),
    readEvents: (wanted, signal) => real.readEvents(wanted, signal),

    async sendEvent(event) {
      counted.events += 1
      events.push(event)
      return DONE
    },
    async sendEvents(batch) {
      counted.events += 1
      events.push(...batch)
      return batch.map(() => DONE)
    },
  }
}

type Reads = Pick<
  Destination,
  'importable' | 'fitsFile' | 'holds' | 'untilImported' | 'readContact' | 'readContacts'
>

function toReads(real: Destination, look: Look, counted: Counted): Reads {
  const { picture } = look
  return {
    importable: (writes) => real.importable(writes),
    fitsFile: (write) => real.fitsFile(write),
    holds: (held, sent) => real.holds(held, sent),
    untilImported: () => Promise.resolve(),

    async readContact(email, signal) {
      counted.contacts += 1
      const found = await look.find(real, email, signal)
      return found === 'unread' ? UNREAD : { result: 'done', contact: found?.now ?? null }
    },

    async *readContacts(since, signal) {
      const touched = picture.touched()
      if (since !== null && touched.length > 0) return yield* toPages(touched, counted)
      // What is read now is in the picture from then on.
      for await (const page of real.readContacts(since, signal)) {
        counted.contacts += 1
        yield page.map((held) => picture.see(held).now)
      }
      if (since === null) look.hasSeenAll()
    },
  }
}

const DONE = { result: 'done' } as const
const UNREAD = { result: 'retry', reason: 'Brevo could not be read' } as const

function* toPages(all: readonly HeldContact[], counted: Counted): Generator<HeldContact[]> {
  for (let start = 0; start < all.length || start === 0; start += PAGE) {
    counted.contacts += 1
    yield all.slice(start, start + PAGE)
  }
}

type Writes = Pick<Destination, 'writeContact' | 'renameContact' | 'optOut' | 'importContacts' | 'addToList'>

/** As brevo/ does them, but for the requests (brevo/contacts.ts, brevo/rename.ts, brevo/import.ts). */
function toWrites(real: Destination, look: Look, counted: Counted): Writes {
  const { picture } = look
  async function upsert(write: ContactWrite, list: number, signal?: AbortSignal): Promise<boolean> {
    const found = await look.find(real, write.email, signal)
    if (found === 'unread') return false
    // What clears a value, and identifiers, travel by no import.
    const attributes = Object.fromEntries(
      Object.entries(write.attributes).filter(([name, value]) => value !== null && !IDENTIFIERS.has(name)),
    )
    picture.write(found ?? picture.create(write.email), { attributes, add: [list] })
    return true
  }

  return {
    async writeContact(write, options, signal) {
      const found = await look.find(real, write.email, signal)
      return found === 'unread' ? UNREAD : writeContact(look.picture, counted, found, write, options)
    },

    async renameContact({ from, to, blocked, begun }: Rename, signal) {
      const [found, other] = [await look.find(real, from, signal), await look.find(real, to, signal)]
      if (found === 'unread' || other === 'unread') return UNREAD
      counted.contacts += begun ? 3 : 2
      if (found === null && !begun) return { result: 'retry', reason: 'Brevo has no such contact' }
      // An earlier try may have changed it.
      if (found === null) return { result: 'done', became: other === null ? 'missing' : 'renamed' }
      if (other !== null) return { result: 'done', became: 'taken' }
      picture.rename(found, to)
      picture.write(found, { block: blocked })
      return { result: 'done', became: 'renamed' }
    },

    async optOut(email, { blocked, left }: OptOut, { create }, signal) {
      const found = await look.find(real, email, signal)
      if (found === 'unread') return UNREAD
      counted.contacts += 1
      if (found === null && !(blocked && create)) return DONE
      const remove = left.filter((list) => found?.now.lists.includes(list) === true)
      if (found !== null && (found.now.blocked || !blocked) && remove.length === 0) return DONE
      // The write, and the look at what became of it.
      counted.contacts += 2
      picture.write(found ?? picture.create(email), { block: blocked, remove })
      return DONE
    },

    async importContacts(writes, list, _, onStarted, signal) {
      for (const write of writes) if (!(await upsert(write, list, signal))) return UNREAD
      counted.contacts += 1
      counted.other += 1
      onStarted(1)
      return { result: 'done', since: null }
    },

    async addToList(list, emails, signal) {
      counted.contacts += 1
      const failed: string[] = []
      for (const email of emails) {
        const found = await look.find(real, email, signal)
        if (found === 'unread') return UNREAD
        if (found === null || found.now.lists.includes(list)) failed.push(email)
        else picture.write(found, { add: [list] })
      }
      return { result: 'done', failed }
    },
  }
}

function writeContact(
  picture: Picture,
  counted: Counted,
  found: Pictured | null,
  write: ContactWrite,
  options: Parameters<Destination['writeContact']>[1],
): Outcome<ContactDone> {
  const done: ContactDone = { missing: false, mayRepeat: false, memberships: {}, left: [], refused: [] }
  const isMissing = found === null && (!options.create || write.exists)
  let lists = write.addLists
  if (write.lookUp && lists.length > 0) {
    counted.contacts += 1
    if (isMissing) return { result: 'done', ...done, missing: true }
    lists = lists.filter((list) => {
      const membership = membershipOf(list, found?.now ?? null, write.giving.includes(list))
      if (membership !== null) done.memberships[list] = membership
      return membership === null
    })
    done.left = found?.now.unsubscribed ?? []
    const work = lists.length + write.removeLists.length + Object.keys(write.attributes).length
    if (found !== null && work === 0) return { result: 'done', ...done }
  }
  if (lists.length > 0) options.claim(lists)
  counted.contacts += 1
  if (isMissing) return { result: 'done', ...done, missing: true }
  const { EXT_ID: externalId, ...rest } = write.attributes
  // An external id is never cleared.
  const attributes = externalId == null ? rest : { ...rest, EXT_ID: externalId }
  picture.write(found ?? picture.create(write.email), {
    attributes,
    add: lists,
    remove: write.removeLists,
  })
  for (const list of lists) done.memberships[list] = 'given'
  return { result: 'done', ...done }
}
