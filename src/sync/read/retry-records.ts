// Records that were set aside are asked for again when their time has come.
import { TajoError } from '../../lib/errors.ts'
import { isAskedFor, OBJECT_OF_STREAM, readSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import type { DeadLetter } from '../../state/delivery/dead-letters.ts'
import type { SyncContext } from '../context.ts'
import { ingestPage } from '../ingest/ingest.ts'
import { requireReferenced } from './referenced.ts'
import { createFailureBudget } from './failure-budget.ts'
import { refetch } from './refetch.ts'

export async function retryRecords(context: SyncContext, signal?: AbortSignal): Promise<void> {
  const { store, source, clock } = context
  const failureBudget = createFailureBudget()
  for (const letter of store.deadLetters.due('record', fromMs(clock.now()))) {
    const { connector, stream, id, part } = readSetAsideKey(letter.key)
    if (connector !== source.name) continue
    if (stream === 'feed' || part === 'phone') store.transaction(() => reopen(context, letter, stream, id))
    else if (!isAskedFor(letter.key)) store.deadLetters.retryAt('record', letter.key, null)
    else {
      const kind = OBJECT_OF_STREAM[stream as keyof typeof OBJECT_OF_STREAM]
      try {
        const apply = await refetch(context, kind, id, signal, requireReferenced)
        // What was said in it waited with it.
        const isSpoken = kind === 'ticket' && context.streams.has('messages')
        const messages = isSpoken ? await source.readOf('messages', id, signal) : null
        failureBudget.succeeded()
        apply()
        if (messages !== null) store.transaction(() => ingestPage(context, 'messages', messages))
        store.deadLetters.clear('record', letter.key)
      } catch (thrown) {
        if (!(thrown instanceof TajoError)) throw thrown
        if (thrown.kind !== 'record') failureBudget.failed(thrown)
        store.deadLetters.put('record', letter.key, thrown.message, fromMs(clock.now()))
      }
    }
  }
}

/** Read again by what reads it first: the next look at the feed, or at phones. */
function reopen({ store, source }: SyncContext, letter: DeadLetter, stream: string, id: string): void {
  if (stream === 'feed') store.sourceEvents.reopen(source.name, id)
  else store.customers.askPhone(source.name, id)
  store.deadLetters.retryAt('record', letter.key, stream === 'feed' ? 0 : null)
}
