// An import drops values without a word: some kinds of them in JSON, some in a file (brevo-api.md § 2.5). Which, is learned
// from a first small portion that is read back, and remembered with the state, so that the others arrive.
import type { Destination, HeldContact, ImportFormat } from '../model/destination.ts'
import { type AttributeValue, type ContactWrite, IDENTIFIERS } from '../model/operations.ts'
import { type ImportedKind, type ImportLessons, META } from '../state/meta.ts'
import type { Store } from '../state/store.ts'

export function readLessons({ meta }: Store): ImportLessons {
  return meta.get(META.importLessons) ?? { json: {}, file: {} }
}

/** A plan's Brevo takes everything, and is asked in JSON. */
export function forgetLessons({ meta }: Store): void {
  meta.remove(META.importLessons)
}

/** JSON, unless it drops something of this contact that a file carries. */
export function chooseFormat(
  lessons: ImportLessons,
  write: ContactWrite,
  destination: Pick<Destination, 'fitsFile'>,
): ImportFormat {
  const kinds = kindsOf(write)
  const isDropped = (format: ImportFormat): boolean => kinds.some((kind) => lessons[format][kind] === false)
  return isDropped('json') && !isDropped('file') && destination.fitsFile(write) ? 'file' : 'json'
}

/** True if the contact holds a kind of value that was not tried in this format. */
export function isUntried(lessons: ImportLessons, format: ImportFormat, write: ContactWrite): boolean {
  return kindsOf(write).some((kind) => lessons[format][kind] === undefined)
}

/** Compares what was sent with what came of it; most of a kind decide, because people edit contacts meanwhile. */
export function learn(
  store: Store,
  format: ImportFormat,
  trial: readonly { write: ContactWrite; held: HeldContact }[],
  destination: Pick<Destination, 'holds'>,
): ImportLessons {
  const lessons = readLessons(store)
  const counts = new Map<ImportedKind, { sent: number; arrived: number }>()
  for (const { write, held } of trial) {
    for (const [name, value] of carried(write)) {
      const count = counts.get(kindOf(value)) ?? { sent: 0, arrived: 0 }
      count.sent += 1
      if (destination.holds(held.attributes[name], value)) count.arrived += 1
      counts.set(kindOf(value), count)
    }
  }
  for (const [kind, { sent, arrived }] of counts) lessons[format][kind] = arrived * 2 >= sent
  store.meta.set(META.importLessons, lessons)
  return lessons
}

function kindsOf(write: ContactWrite): ImportedKind[] {
  return carried(write).map(([, value]) => kindOf(value))
}

function carried({ attributes }: ContactWrite): [string, AttributeValue][] {
  return Object.entries(attributes).filter(
    (entry): entry is [string, AttributeValue] => entry[1] !== null && !IDENTIFIERS.has(entry[0]),
  )
}

function kindOf(value: AttributeValue): ImportedKind {
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return typeof value === 'number' ? 'number' : 'text'
}
