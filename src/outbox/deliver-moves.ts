// Customers whose address changed: their contact follows, before any of the addresses is written. Where it can't, because the new
// address has a contact, because somebody stays at the old one or because addresses were swapped, what the person said no to
// follows alone: whoever was blocked or had left a list stays so under any address.
import type { Renamed } from '../model/destination.ts'
import { IDENTIFIERS, type Outcome } from '../model/operations.ts'
import { fromMs } from '../model/time.ts'
import { addressesOf, type Move } from '../state/delivery/moves.ts'
import type { Store } from '../state/store.ts'
import type { DeliveryContext } from './delivery.ts'

/** So many that Brevo does not take, one after the other, mean that it is not well. */
const GIVE_UP_AFTER = 4

type Group = readonly Move[]
/** `aside`: refused, with a dead letter; `later`: not taken now. */
type Settled = 'done' | 'aside' | 'later'

/** False if Brevo takes none now. Those that it does not take wait, with all of their addresses; the others go on. */
export async function deliverMoves(context: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store } = context
  store.transaction(() => dropPointless(context))
  let failures = 0
  for (const group of toGroups(store.moves.all())) {
    const isWanted = group.some((one) => isUnderway(one) || one.looked === null)
    if (!isWanted || !group.every((one) => isDue(context, one))) continue
    signal?.throwIfAborted()
    if ((await settleGroup(context, group, signal)) === 'later') failures += 1
    if (failures === GIVE_UP_AFTER) return false
  }
  return true
}

/** Back where they were, or gone from the helpdesk, before anything was done. */
function dropPointless({ store }: DeliveryContext): void {
  for (const move of store.moves.all()) {
    if (move.target !== null) continue
    const isOwn = addressesOf(move).some((one) => store.customers.isOwnAddress(one))
    if (move.isLive && move.from !== move.to && !isOwn) continue
    store.moves.remove(move)
    for (const email of addressesOf(move)) store.outboxContacts.mark(email, 'live')
  }
}

/** Moves that share an address: what becomes of one decides about the next. */
function toGroups(moves: readonly Move[]): Iterable<Group> {
  const groups = new Map<string, Move[]>()
  for (const move of moves) {
    const near = new Set(addressesOf(move).flatMap((email) => [groups.get(email) ?? []]))
    const group = [...[...near].flat(), move]
    for (const email of group.flatMap(addressesOf)) groups.set(email, group)
  }
  return new Set(groups.values())
}

async function settleGroup(context: DeliveryContext, group: Group, signal?: AbortSignal): Promise<Settled> {
  const { store } = context
  // All of them before any address is written: the contact of a former address may soon be somebody else's.
  for (const move of group) {
    const looked = await look(context, move, signal)
    if (looked !== 'done') return looked
  }
  const taken = new Set<string>()
  const mayRename = (move: Move): boolean => !taken.has(`${keyOf(move)} ${move.to}`) && canRename(store, move)
  for (;;) {
    const pending = group.flatMap((one) => store.moves.find(one) ?? []).filter(isUnderway)
    // One that may have been made already is finished first; then whatever makes room for the next.
    const begun = pending.find((one) => one.target !== null)
    const next = begun ?? pending.find(mayRename) ?? pending[0]
    if (next === undefined) return 'done'
    const to = (next.target ?? next.to)!
    const isRename = next.target !== null || mayRename(next)
    const outcome = await (isRename ? rename : carry)(context, next, to, signal)
    if (outcome.result === 'retry' || outcome.result === 'uncertain') return 'later'
    if (outcome.result === 'refused') {
      const isLast = setAside(context, next, outcome.reason)
      // Refused to the last, the new address becomes a contact of its own; a blocked one waits for a person.
      if (!isRename || !isLast || next.looked?.blocked !== false) return 'aside'
      store.transaction(() => store.moves.begin(next, null))
    }
    if (outcome.result === 'refused' || outcome.became === 'taken') taken.add(`${keyOf(next)} ${to}`)
  }
}

async function look(context: DeliveryContext, move: Move, signal?: AbortSignal): Promise<Settled> {
  // Once its contact is on the way, or while it has nowhere to go, what is there need not be this person's any more.
  if (move.target !== null || (move.to === null && move.looked !== null)) return 'done'
  const outcome = await context.destination.readContact(move.from, signal)
  if (outcome.result === 'refused') {
    setAside(context, move, outcome.reason)
    return 'aside'
  }
  if (outcome.result !== 'done') return 'later'
  const { store } = context
  store.transaction(() => store.moves.note(move, outcome.contact, listsLeft(store, move.from)))
  return 'done'
}

/** True if somebody has the address who is not just coming to it. */
function isHome(store: Store, email: string): boolean {
  const coming = store.moves.at(email).filter((one) => one.to === email && one.from !== email)
  const holders = store.customers.holdersOf(email)
  return holders.some(
    ({ source, id }) => !coming.some((one) => one.source === source && one.customerId === id),
  )
}

/** The contact is tajo's to move, nobody stays with it, and there is none where it goes. */
function canRename(store: Store, { from, to, looked }: Move): boolean {
  return (
    to !== null &&
    looked?.there === true &&
    store.contacts.lastSent(from).exists &&
    !isHome(store, from) &&
    !store.contacts.lastSent(to).exists
  )
}

type Moved = Outcome<{ became: Renamed | 'carried' }>

async function rename(
  { store, destination }: DeliveryContext,
  move: Move,
  to: string,
  signal?: AbortSignal,
): Promise<Moved> {
  const { from, looked, target } = move
  const begun = target !== null
  if (!begun) store.transaction(() => store.moves.begin(move, to))
  const outcome = await destination.renameContact(
    { from, to, blocked: looked?.blocked === true, begun },
    signal,
  )
  if (outcome.result !== 'done') return outcome
  store.transaction(() => {
    if (outcome.became === 'taken') store.moves.begin(move, null)
    else if (outcome.became === 'renamed') settleRenamed(store, move, to)
    else settle(store, { ...move, looked: { there: false, blocked: false, left: [] } }, to)
  })
  return outcome
}

function settleRenamed(store: Store, move: Move, to: string): void {
  const { from } = move
  // What was not answered under the old address is not known under the new one either.
  const isInDoubt = store.outboxContacts.isInDoubt(from)
  const left = listsLeft(store, to)
  store.contacts.remove(to)
  store.contacts.rename(from, to)
  store.contacts.noteLeft(to, left)
  retryIdentifiers(store, from, to)
  settle(store, move, to)
  if (isInDoubt) store.outboxContacts.doubt(to)
}

/** The contacts stay where they are; what the person said no to goes on. */
async function carry(
  { store, destination, createContacts, importList }: DeliveryContext,
  move: Move,
  to: string,
  signal?: AbortSignal,
): Promise<Moved> {
  const blocked = move.looked?.blocked === true
  const left = move.looked?.left ?? []
  const lastSent = store.contacts.lastSent(to)
  // Memberships of the list that imports need are not recorded one by one: it is tajo's own.
  const isGiven = (list: number): boolean =>
    list === importList || ['given', 'giving'].includes(lastSent.lists[list] ?? '')
  const leaving = left.filter(isGiven)
  if (blocked || leaving.length > 0) {
    // One that is gone is not made again, not even to be blocked.
    const create = createContacts && !lastSent.exists && !lastSent.gone
    const outcome = await destination.optOut(to, { blocked, left: leaving }, { create }, signal)
    if (outcome.result !== 'done') return outcome
  }
  store.transaction(() => {
    store.contacts.noteLeft(to, left)
    settle(store, move, to)
  })
  return { result: 'done', became: 'carried' }
}

/** Called in a transaction. */
function settle(store: Store, move: Move, to: string): void {
  const { from, looked } = move
  const wasTold = store.contacts.lastSent(from)
  const isKnown = looked?.there === true || wasTold.exists || wasTold.gone
  const hasOpen = store.outboxEvents.openOf(from).length > 0
  if (!isHome(store, from)) {
    // Deleted in Brevo under its old address, it is not made under the new one.
    if (looked?.there !== true && store.contacts.lastSent(from).exists) store.contacts.setGone(from)
    if (store.contacts.lastSent(from).gone) store.contacts.expect(to)
    if (!store.contacts.lastSent(from).exists) store.readdress(from, to, othersAt(store, move))
  }
  store.moves.remove(move)
  store.deadLetters.clear('contact', to)
  // Where there was nothing, nobody is hurried out of a first sync.
  if (isKnown || hasOpen) for (const email of [from, to]) store.outboxContacts.mark(email, 'live')
}

/** Customers who leave the address of a move for another one, or come to it: the events of what happened to them are theirs. */
function othersAt(store: Store, { source, customerId, from }: Move): string[] {
  const others = store.moves
    .all()
    .filter(
      (one) => [one.from, one.to].includes(from) && (one.source !== source || one.customerId !== customerId),
    )
  return others.flatMap((one) => store.customers.withMerged(one.source, [one.customerId]))
}

function listsLeft(store: Store, email: string): number[] {
  const lists = Object.entries(store.contacts.lastSent(email).lists)
  return lists.flatMap(([list, membership]) => (membership === 'left' ? [Number(list)] : []))
}

/** What was refused under the old address is tried once more under the new one. */
function retryIdentifiers(store: Store, from: string, to: string): void {
  for (const attribute of IDENTIFIERS) {
    if (store.deadLetters.find('identifier', `${from}/${attribute}`) === null) continue
    store.contacts.unsay(to, attribute)
  }
  store.deadLetters.removeOf(from)
}

/** True if it is not tried again by itself. */
function setAside({ store, clock, report }: DeliveryContext, move: Move, reason: string): boolean {
  const sentence = `Its contact could not follow from its former address: ${reason}.`
  const retryAt = store.deadLetters.put('contact', letterOf(move), sentence, fromMs(clock.now()))
  report.setAside += 1
  return retryAt === null
}

function isDue({ store, clock }: DeliveryContext, move: Move): boolean {
  const letter = store.deadLetters.find('contact', letterOf(move))
  return letter === null || (letter.retry_at ?? Number.POSITIVE_INFINITY) <= fromMs(clock.now())
}

const isUnderway = (move: Move): boolean => move.to !== null || move.target !== null
const letterOf = ({ from, to, target }: Move): string => target ?? to ?? from
const keyOf = ({ source, customerId, from }: Move): string => JSON.stringify([source, customerId, from])
