// Lets through to Brevo what a plan says, and nothing else: what tajo apply delivers through.
import { readRequest, type WrittenContact } from '../brevo/requests.ts'
import { TajoError } from '../lib/errors.ts'
import type { Http, HttpRequest } from '../lib/net/http.ts'
import type { AttributeValue } from '../model/operations.ts'
import type { PlanFile } from './plan.ts'

/** Throws `plan_drifted` instead of sending what the plan does not say. */
export function onlyPlanned(http: Http, baseUrl: string, plan: PlanFile): Http {
  const writes = new Map(plan.writes.map((one) => [one.email, one]))
  const renames = new Map(plan.changes.map((one) => [one.renamed_from, one.email]))
  const events = new Set(plan.sends.map((one) => one.event_id))

  function isPlanned(contact: WrittenContact): boolean {
    const now = renames.get(contact.email) ?? ''
    // In a row of changes the former address may be that of the next one.
    const planned =
      contact.renameTo === null ? (writes.get(contact.email) ?? writes.get(now)) : writes.get(now)
    if (planned === undefined || (contact.block && !planned.block)) return false
    return (
      Object.entries(contact.attributes).every(
        ([name, value]) => Object.hasOwn(planned.attributes, name) && isSame(planned.attributes[name], value),
      ) &&
      contact.add.every((list) => planned.add.includes(list)) &&
      contact.remove.every((list) => planned.remove.includes(list)) &&
      (contact.renameTo === null || renames.get(contact.email) === contact.renameTo)
    )
  }

  /** What of a request the plan does not say; null if it says all of it. */
  function findSurprise(request: HttpRequest): string | null {
    const asked = readRequest(request, baseUrl)
    switch (asked.kind) {
      case 'upsert':
      case 'update':
        return isPlanned(asked.contact) ? null : 'a contact'
      case 'import':
        return asked.contacts.every((one) => isPlanned({ ...one, add: [] })) ? null : 'a contact of an import'
      case 'add to list':
        return asked.emails.every((email) => writes.get(email)?.add.includes(asked.list) === true)
          ? null
          : 'a list membership'
      case 'events':
        return asked.events.every((one) => events.has(one.eventId)) ? null : 'an event'
      case 'unknown':
        return 'something unforeseen'
      case 'read':
      case 'read contact':
      case 'read contacts':
      case 'read process':
        return null
    }
  }

  return {
    async send(request) {
      const surprise = request.url.startsWith(baseUrl) ? findSurprise(request) : null
      if (surprise !== null) throw drifted([`The sync came upon ${surprise} that the plan does not name.`])
      return await http.send(request)
    },
    close: () => http.close(),
  }
}

export function drifted(details: readonly string[]): TajoError {
  return new TajoError('plan_drifted', 'The world is not as it was when the plan was made.', {
    details,
    hint: 'Nothing but what the plan says was written. Make a new one: tajo plan --out FILE',
  })
}

/** What differs between a plan and one that was made anew, in a line each; empty if they say the same. */
export function comparePlans(before: PlanFile, now: PlanFile): string[] {
  const differences = [
    ...compareBy(before.changes, now.changes, (one) => one.email, 'contact'),
    ...compareBy(before.sends, now.sends, (one) => one.event_id, 'event'),
  ]
  return differences.length === 0 && before.guard === null && now.guard !== null
    ? ['A guard now stops the sync.']
    : differences
}

const MOST = 10

function compareBy<T>(
  before: readonly T[],
  now: readonly T[],
  key: (one: T) => string,
  word: string,
): string[] {
  const known = new Map(before.map((one) => [key(one), JSON.stringify(one)]))
  const seen = new Set(now.map((one) => key(one)))
  const lines = [
    ...now.flatMap((one) => {
      const planned = known.get(key(one))
      if (planned === undefined) return [`${word} ${key(one)}: new since the plan`]
      return planned === JSON.stringify(one) ? [] : [`${word} ${key(one)}: would change otherwise`]
    }),
    ...before.flatMap((one) =>
      seen.has(key(one)) ? [] : [`${word} ${key(one)}: planned, and no longer due`],
    ),
  ]
  return lines.length <= MOST
    ? lines
    : [...lines.slice(0, MOST), `and ${lines.length - MOST} more (${word}s)`]
}

function isSame(planned: AttributeValue | null | undefined, value: AttributeValue | null): boolean {
  return JSON.stringify(planned ?? null) === JSON.stringify(value)
}
