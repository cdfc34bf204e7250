// Who of the shop is there, and who is away: read on a schedule of its own, one request a time, and stored only where somebody changed.
import type { SourceRecord } from '../../model/records.ts'
import { fromMs } from '../../model/time.ts'
import type { Page } from '../../sources/source.ts'
import type { DirectoryContext } from '../context.ts'
import { META } from '../../state/meta.ts'
import { ingestPage } from '../ingest/ingest.ts'

/** As far as the first reading goes back: whoever did nothing for that long is not shown with a state. */
const FIRST = fromMs(14 * 24 * 3_600_000)
/** An entry may show up so much later than its date. */
const OVERLAP = fromMs(2 * 60_000)
/** States are kept that long. */
const KEEP = fromMs(400 * 24 * 3_600_000)

/** How many states are new. */
export async function readAgentStates(context: DirectoryContext, signal?: AbortSignal): Promise<number> {
  const { store, source } = context
  const last = store.meta.get(META.agentsReadUpTo(source.name))
  const from = last === null ? source.now() - FIRST : last - OVERLAP
  let reached = last
  const fresh: SourceRecord[] = []
  const invalid: Page['invalid'] = []
  for await (const page of source.read('agent_states', { token: null, from, until: null }, signal)) {
    fresh.push(
      ...page.records.filter(
        (one) => one.kind === 'agent_state' && one.at >= from && !store.agents.isKnown(source.name, one),
      ),
    )
    invalid.push(...page.invalid)
    if (page.newest !== null) reached = Math.max(reached ?? 0, page.newest)
  }
  // Never past our own time: a date ahead of it would hide what comes before it.
  const upTo = reached === null ? null : Math.min(reached, source.now())
  if (fresh.length + invalid.length === 0 && upTo === last) return 0
  store.transaction(() => {
    if (upTo !== null) store.meta.set(META.agentsReadUpTo(source.name), upTo)
    if (fresh.length + invalid.length === 0) return
    ingestPage({ ...context, goLive: from }, 'agent_states', { records: fresh, invalid })
    store.agents.pruneStates(source.name, source.now() - KEEP)
  })
  return fresh.length
}
