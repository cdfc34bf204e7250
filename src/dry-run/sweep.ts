// What a changed mapping writes of those who do not change themselves: the same functions as the outbox's, without the outbox in between.
// A hundred thousand contacts one by one through the outbox take three times as long (docs/decisions/0007).
import type { Config } from '../config/config.ts'
import type { Engine } from '../engine/engine.ts'
import type { DryRunOptions } from './report.ts'
import type { Simulation } from './simulated-destination.ts'

/** What the sweep did beside the outbox. */
export interface Swept {
  /** Contacts that would be made, and that the copy of the state does not know to be there. */
  created: number
  guard: { count: number; limit: number } | null
}

/** Null where it can't be told apart from what the outbox wrote: the guard would have held that back with the rest. */
export async function sweep(
  engine: Engine,
  simulation: Simulation,
  config: Config,
  given: number,
  options: DryRunOptions,
  signal?: AbortSignal,
): Promise<Swept | null> {
  let reading: Promise<void> | null = null
  const others = await engine.othersToWrite(async () => {
    // Brevo is read meanwhile. It is waited for below; until then its failure is nobody's surprise.
    reading ??= simulation.seeAll(signal)
    reading.catch(() => undefined)
    await options.pause?.()
  }, signal)
  await (reading ?? Promise.resolve())
  if (others === null) return { created: 0, guard: null }
  const count = others.reduce((sum, write) => sum + write.removeLists.length, 0)
  const limit = toLimit(config, given, options)
  const isHeld = count > limit
  const taken = simulation.picture.writes().reduce((sum, one) => sum + one.remove.length, 0)
  if (taken > 0 && count + taken > limit) return null
  let created = 0
  for (const write of others) {
    const held = isHeld ? { ...write, removeLists: [] } : write
    if (simulation.writeSeen(held, config.delivery.createContacts)) created += 1
  }
  return { created, guard: isHeld ? { count, limit } : null }
}

function toLimit(config: Config, given: number, { acceptRemovals }: DryRunOptions): number {
  const rule = config.delivery.maxRemovals
  if (acceptRemovals) return Number.POSITIVE_INFINITY
  return 'count' in rule ? rule.count : Math.max(rule.atLeast, Math.floor(given * rule.share))
}
