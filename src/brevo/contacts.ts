// Single contact writes: an upsert for a contact that may be made, an update for one that is there. A refused identifier never costs the
// rest of the contact, and nobody who left a list is put back. Facts: brevo-api.md § 2.1-2.3 and § 3.
import {
  type AttributeValue,
  CLEAR_VALUE,
  type ContactWrite,
  IDENTIFIERS,
  type Membership,
  type Outcome,
} from '../model/operations.ts'
import type { ContactDone, HeldContact, WriteOptions } from '../model/destination.ts'
import { membershipOf } from '../model/memberships.ts'
import { type BrevoAnswer, type BrevoCaller, type BrevoRefusal, describe, isTemporary } from './client.ts'
import { type Json, toNumbers, toObject, toText } from './wire.ts'

type SdkAttributes = Record<string, string | number | boolean | string[]>

/** Identifier after identifier is left out until Brevo takes the rest; then what clears a value. */
const MAX_ATTEMPTS = 6

export async function writeContact(
  caller: BrevoCaller,
  write: ContactWrite,
  options: WriteOptions,
  signal?: AbortSignal,
): Promise<Outcome<ContactDone>> {
  const done: ContactDone = { missing: false, mayRepeat: false, memberships: {}, left: [], refused: [] }
  const missing: Outcome<ContactDone> = { result: 'done', ...done, missing: true }
  const mayCreate = options.create && !write.exists
  let lists = write.addLists
  if (write.lookUp && lists.length > 0) {
    const held = await lookUp(caller, write.email, signal)
    if (held.result !== 'done') return held
    if (held.contact === null && !mayCreate) return missing
    lists = sortMemberships(write, held.contact, done.memberships)
    done.left = held.contact?.unsubscribed ?? []
    const isInStep =
      held.contact !== null &&
      lists.length === 0 &&
      write.removeLists.length === 0 &&
      Object.keys(write.attributes).length === 0
    if (isInStep) return { result: 'done', ...done }
  }
  if (lists.length > 0) options.claim(lists)
  let attributes = write.attributes
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const answer = await send(caller, { ...write, attributes, addLists: lists }, mayCreate, signal)
    if (answer.answered && answer.ok) {
      for (const list of lists) done.memberships[list] = 'given'
      return { result: 'done', ...done, mayRepeat: answer.afterDoubt === true }
    }
    if (!answer.answered || isTemporary(answer.status)) return { result: 'retry', reason: describe(answer) }
    if (answer.status === 404) return missing
    if (answer.status === 401 || answer.status === 403) return { result: 'refused', reason: describe(answer) }
    const suspects = findSuspects(answer, attributes)
    if (suspects.length === 0) return { result: 'refused', reason: describe(answer) }
    for (const attribute of suspects) done.refused.push({ attribute, reason: describe(answer) })
    attributes = Object.fromEntries(Object.entries(attributes).filter(([name]) => !suspects.includes(name)))
  }
  return { result: 'refused', reason: 'Brevo refuses this contact whatever is left out of it' }
}

type LookedUp = Outcome<{ contact: HeldContact | null }>

/** Null: Brevo has no such contact. */
export async function lookUp(caller: BrevoCaller, email: string, signal?: AbortSignal): Promise<LookedUp> {
  const answer = await caller.callSafely(
    'reading a contact',
    (sdk, options) => sdk.contacts.getContactInfo({ identifier: email, identifierType: 'email_id' }, options),
    signal,
  )
  if (answer.answered && answer.ok) return { result: 'done', contact: toHeld(toObject(answer.body) ?? {}) }
  if (answer.answered && answer.status === 404) return { result: 'done', contact: null }
  return !answer.answered || isTemporary(answer.status)
    ? { result: 'retry', reason: describe(answer) }
    : { result: 'refused', reason: describe(answer) }
}

/** Notes the lists that the contact is in already or has left; what remains is to be added. */
function sortMemberships(
  { addLists, giving }: ContactWrite,
  held: HeldContact | null,
  memberships: Record<string, Membership>,
): number[] {
  return addLists.filter((list) => {
    const membership = membershipOf(list, held, giving.includes(list))
    if (membership !== null) memberships[list] = membership
    return membership === null
  })
}

/** An update, which makes no contact and can take memberships away; an upsert where the contact may be made. */
async function send(
  caller: BrevoCaller,
  write: ContactWrite,
  mayCreate: boolean,
  signal?: AbortSignal,
): Promise<BrevoAnswer<unknown>> {
  const { attributes, externalId } = toSdkAttributes(write)
  // Who was added by a request that was not answered may have left since: no repetition without another look.
  const call: BrevoCaller['call'] = (what, action, once) =>
    write.addLists.length === 0 ? caller.callSafely(what, action, once) : caller.call(what, action, once)
  const identity = externalId === undefined ? {} : { ext_id: externalId }
  const lists = write.addLists.length === 0 ? {} : { listIds: write.addLists }
  if (!mayCreate || write.removeLists.length > 0) {
    const removed = write.removeLists.length === 0 ? {} : { unlinkListIds: write.removeLists }
    const answer = await call(
      'updating a contact',
      (sdk, options) =>
        sdk.contacts.updateContact(
          {
            identifier: write.email,
            identifierType: 'email_id',
            attributes,
            ...identity,
            ...lists,
            ...removed,
          },
          options,
        ),
      signal,
    )
    if (!mayCreate || !answer.answered || answer.ok || answer.status !== 404) return answer
  }
  return call(
    'writing a contact',
    (sdk, options) =>
      sdk.contacts.createContact(
        { email: write.email, attributes, ...identity, ...lists, updateEnabled: true },
        options,
      ),
    signal,
  )
}

function toSdkAttributes(write: ContactWrite): { attributes: SdkAttributes; externalId: string | undefined } {
  const attributes: SdkAttributes = {}
  let externalId: string | undefined
  for (const [name, value] of Object.entries(write.attributes)) {
    if (name === 'EXT_ID') externalId = value === null ? undefined : String(value)
    else attributes[name] = value ?? CLEAR_VALUE
  }
  return { attributes, externalId }
}

/** Which of the attributes to leave out of the next try: those named, else the phone that was sent, else what clears. */
function findSuspects(answer: BrevoRefusal, attributes: Record<string, AttributeValue | null>): string[] {
  const metadata = (answer.body as { metadata?: { duplicate_identifiers?: unknown } } | null)?.metadata
  const named = Array.isArray(metadata?.duplicate_identifiers)
    ? metadata.duplicate_identifiers.map((one) => String(one).toUpperCase())
    : []
  const sent = Object.keys(attributes)
  const duplicates = sent.filter((name) => named.includes(name) || named.includes(name.replace('_', '')))
  if (duplicates.length > 0) return duplicates
  const identifiers = sent.filter((name) => IDENTIFIERS.has(name))
  if (identifiers.length > 0) return identifiers.slice(0, 1)
  return sent.filter((name) => attributes[name] === null)
}

export function toHeld(contact: Json): HeldContact {
  return {
    email: (toText(contact['email']) ?? '').toLowerCase(),
    attributes: toObject(contact['attributes']) ?? {},
    blocked: contact['emailBlacklisted'] === true,
    lists: toNumbers(contact['listIds']),
    unsubscribed: toNumbers(contact['listUnsubscribed']),
  }
}

/** Dates come back with or without a time, numbers as numbers or text, phones without their plus. */
export function holds(held: unknown, sent: AttributeValue | null | undefined): boolean {
  const texts = (Array.isArray(held) ? held : [held]).flatMap((one) => toTexts(one))
  if (sent === null || sent === undefined || sent === '') return texts.length === 0
  if (Array.isArray(sent)) return sent.length === texts.length && sent.every((one) => texts.includes(one))
  const [text] = texts
  if (text === undefined) return false
  if (typeof sent === 'number') return Number(text) === sent
  if (typeof sent === 'boolean') return text.toLowerCase() === String(sent)
  if (/^\d{4}-\d\d-\d\d$/.test(sent)) return text.slice(0, 10) === sent
  return text === sent || (sent.startsWith('+') && text === sent.slice(1))
}

function toTexts(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : []
}
