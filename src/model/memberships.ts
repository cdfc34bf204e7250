// What a look at a contact says of a list that it is to be added to.
import type { HeldContact } from './destination.ts'
import type { Membership } from './operations.ts'

/** Null: the contact is not in the list and has not left it. */
export function membershipOf(
  list: number,
  held: Pick<HeldContact, 'lists' | 'unsubscribed'> | null,
  giving: boolean,
): Membership | null {
  if (held?.unsubscribed.includes(list) === true) return 'left'
  if (held?.lists.includes(list) !== true) return null
  return giving ? 'given' : 'found'
}

/** Where what Brevo holds is not known: what tajo gave may be there or not, and is tajo's where the next look finds it. */
export function toGiving(lists: Record<string, Membership>): Record<string, Membership> {
  return Object.fromEntries(
    Object.entries(lists).map(([list, membership]): [string, Membership] => [
      list,
      membership === 'given' ? 'giving' : membership,
    ]),
  )
}

/** What a look that names the lists which the contact has left makes of what was known. */
export function withLeft(
  lists: Record<string, Membership>,
  left: readonly number[],
): Record<string, Membership> {
  const known = left.filter((list) => lists[list] !== undefined)
  return { ...lists, ...Object.fromEntries(known.map((list) => [list, 'left' as const])) }
}

/** What stays true of a contact that is not there any more. */
export function onlyLeft(lists: Record<string, Membership>): Record<string, Membership> {
  return Object.fromEntries(Object.entries(lists).filter(([, membership]) => membership === 'left'))
}
