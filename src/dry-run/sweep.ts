// What a changed mapping writes of those who do not change themselves: the same functions as the outbox's, without the outbox in between,
// whose rows a plan does not need (docs/decisions/0007).
import type { Config } from '../config/config.ts'
import type { Engine, SyncReport } from '../engine/engine.ts'
import { type ContactWrite, IDENTIFIERS } from '../model/operations.ts'
import { BULK_BATCH } from '../outbox/deliver-contacts.ts'
import { THRESHOLDS } from '../outbox/delivery.ts'
import type { HeldRemovals } from '../state/meta.ts'
import type { DryRunOptions } from './report.ts'
import { PAGE, READ_SINGLY, type Simulation } from './simulated-destination.ts'

/** What the sweep did beside the outbox. */
export interface Swept {
  /** Contacts that would be made, and that the copy of the state does not know to be there. */
  created: number
  guard: HeldRemovals | null
}

export interface SweepOptions extends Pick<DryRunOptions, 'acceptRemovals' | 'pause'> {
  /** Memberships that tajo has given, before anything is written. */
  given: number
  /** The guard was seen to hold removals back by an earlier try: the outbox held its own back already. */
  guard: HeldRemovals | null
}

/** `excess`: with those that the outbox has taken away already, there are more removals than the guard lets through. */
export type SweepResult = { swept: Swept } | { excess: HeldRemovals }

export async function sweep(
  engine: Engine,
  simulation: Simulation,
  config: Config,
  reports: readonly SyncReport[],
  options: SweepOptions,
  signal?: AbortSignal,
): Promise<SweepResult> {
  const others = await findOthers(engine, simulation, options, signal)
  const count = others.reduce((sum, write) => sum + write.removeLists.length, 0)
  const taken = simulation.picture.writes().reduce((sum, one) => sum + one.remove.length, 0)
  const limit = toLimit(config, options)
  const heldByOutbox = reports.find((one) => one.heldRemovals !== null)?.heldRemovals ?? null
  const excess = count > 0 && count + taken > limit ? { count: count + taken, limit } : null
  const guard = options.guard ?? heldByOutbox ?? excess
  if (guard !== null && options.guard === null && heldByOutbox === null && taken > 0) return { excess: guard }
  const isBulk = others.length >= THRESHOLDS.bulkFrom
  let [created, imported] = [0, 0]
  for (const write of others) {
    const held = guard === null ? write : { ...write, removeLists: [] }
    const isImported = isBulk && isImportable(held, config.brevo.importList)
    if (isImported) imported += 1
    if (simulation.writeSeen(held, config.delivery.createContacts, isImported)) created += 1
  }
  if (imported > 0) countImport(simulation, imported)
  return { swept: { created, guard } }
}

/** As outbox/deliver-contacts.ts decides it, but for who has left the list: that changes a count of requests alone. */
function isImportable(
  { attributes, addLists, removeLists, repair }: ContactWrite,
  importList?: number,
): boolean {
  if (repair || removeLists.length > 0 || (addLists.length === 0 && importList === undefined)) return false
  const travels = ([name, value]: [string, unknown]): boolean => value !== null && !IDENTIFIERS.has(name)
  return addLists.length > 0 || Object.entries(attributes).some(travels)
}

/** An import, a look at how it went, and what it made of it read back. */
function countImport({ counted, picture }: Simulation, contacts: number): void {
  const imports = Math.ceil(contacts / BULK_BATCH)
  counted.other += imports
  counted.contacts += imports + Math.ceil(picture.size / PAGE) + Math.ceil(contacts / PAGE)
}

/** With what Brevo holds of them in the picture: where they are many, it is read while they are looked for. */
async function findOthers(
  engine: Engine,
  simulation: Simulation,
  { pause }: SweepOptions,
  signal?: AbortSignal,
): Promise<ContactWrite[]> {
  let reading: Promise<void> | null = null
  const others = await engine.othersToWrite(async (found) => {
    if (found > READ_SINGLY) reading ??= simulation.seeAll(signal)
    // It is waited for below; until then its failure is nobody's surprise.
    reading?.catch(() => undefined)
    await pause?.()
  }, signal)
  const emails = others.map((one) => one.email)
  await (reading ?? simulation.see(emails, signal))
  return others
}

function toLimit(config: Config, { acceptRemovals, given }: SweepOptions): number {
  const rule = config.delivery.maxRemovals
  if (acceptRemovals) return Number.POSITIVE_INFINITY
  return 'count' in rule ? rule.count : Math.max(rule.atLeast, Math.floor(given * rule.share))
}
