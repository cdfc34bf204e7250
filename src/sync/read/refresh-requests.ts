// Webhooks say which object to read again. A live run reads what changed anyway; an object that none of its pages showed is asked for
// singly. A request ends when the state explains what may have happened, not when it was followed.
import { TajoError } from '../../lib/errors.ts'
import { STREAM_OF_OBJECT, toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import type { RefreshRequest } from '../../state/reading/refresh-requests.ts'
import { type SyncContext, tellsOwnHistory } from '../context.ts'
import type { Watch } from './freshness.ts'
import { readAgentStates } from './agent-states.ts'
import { requireReferenced } from './referenced.ts'
import { refetch } from './refetch.ts'

/** Asked for singly in one run; the others wait for the next one. */
const MOST_SINGLE = 20
/** The event feed may show an entry later than the webhook came; after so many looks the polls have to see to it. */
const MOST_ATTEMPTS = 6
const RETRY = fromMs(1_000)
/** An entry of the feed may be dated a little before the ticket says that it was closed. */
const SKEW = fromMs(5_000)

/** Those that were dealt with by this run. */
export async function readRequested(
  context: SyncContext,
  requests: readonly RefreshRequest[],
  watch: Watch,
  signal?: AbortSignal,
): Promise<RefreshRequest[]> {
  const { store, source, clock } = context
  const agents = requests.filter(({ kind }) => kind === 'agent')
  // Where the feed tells, it was read before.
  const isAsked = context.supports.streams.agent_states?.mode !== 'within'
  if (agents.length > 0 && isAsked) await lookForAgents(context, signal)
  // What a list shows may be behind; where a ticket's own address tells more, it is asked in any case.
  const isSeen = ({ kind, id }: RefreshRequest): boolean =>
    watch.isStored(kind, id) && (kind !== 'ticket' || !tellsOwnHistory(context))
  const seen = requests.filter(isSeen)
  const unseen = requests.filter((one) => !seen.includes(one) && !agents.includes(one)).slice(0, MOST_SINGLE)
  for (const { kind, id } of unseen) {
    if (kind === 'agent') continue
    const key = toSetAsideKey(source.name, STREAM_OF_OBJECT[kind], id)
    try {
      const apply = await refetch(context, kind, id, signal, requireReferenced)
      apply()
      store.deadLetters.clear('record', key)
    } catch (thrown) {
      if (!(thrown instanceof TajoError) || thrown.kind !== 'record') throw thrown
      store.deadLetters.put('record', key, thrown.message, fromMs(clock.now()))
    }
  }
  return [...agents, ...seen, ...unseen]
}

/** Nothing that is sent depends on it, so it holds up nothing. */
async function lookForAgents(context: SyncContext, signal?: AbortSignal): Promise<void> {
  try {
    await readAgentStates(context, signal)
  } catch (thrown) {
    if (!(thrown instanceof TajoError)) throw thrown
    context.log.verbose('Nobody knows who is there', {
      connector: context.source.name,
      reason: thrown.message,
    })
  }
}

/** Called in the transaction that ends the run. */
export function settleRequests(context: SyncContext, requests: readonly RefreshRequest[]): void {
  const { store, clock } = context
  for (const one of requests) {
    if (one.attempts >= MOST_ATTEMPTS || isExplained(context, one)) store.refreshRequests.finish(one)
    else store.refreshRequests.postpone(one, fromMs(clock.now()) + RETRY * 2 ** one.attempts)
  }
}

/** Where closing and reopening are told by the feed alone, and the ticket shows one, its entry is waited for. */
function isExplained(
  { store, source, goLive, supports }: SyncContext,
  { kind, id }: RefreshRequest,
): boolean {
  if (kind !== 'ticket' || supports.occurrences['ticket.closed'] !== 'told') return true
  const ticket = store.tickets.find(source.name, id)
  if (ticket === null || ticket.gone) return true
  if (ticket.status === 'open') return ticket.lastChange !== 'closed'
  const { closedAt } = ticket
  return (
    closedAt === null ||
    closedAt < goLive ||
    store.sourceEvents.has(source.name, id, 'ticket_closed', closedAt - SKEW)
  )
}
