// What a start makes of a state that was left in the middle of something, or that is an older copy of itself.
import type { Log } from '../../lib/log/log.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import { META } from '../meta.ts'
import type { Store } from '../store.ts'

export interface Recovery {
  /** Events that were on their way when the last process ended. */
  uncertain: number
  /** The state is a restored backup: so many unsent events are looked for before they are sent. Null otherwise. */
  restored: number | null
}

/** Nothing is ever planned further ahead: a refused write is tried again after a day. */
const REFUSED_PLAN = fromMs(25 * 3_600_000)

/** A write that Brevo did not answer is tried again within a quarter of an hour; a guard may hold it longer, and looks again. */
const WRITE_PLAN = fromMs(15 * 60_000)

/** An event is tried again within a quarter of an hour, or looked for within twelve times `verify_after`. */
const EVENT_PLAN = fromMs(30 * 60_000)

/** What is planned for later than a clock that is right can have planned it is due now. */
export function capPlans(store: Store, now: Instant, verifyAfter: Instant): void {
  const latest = {
    write: now + WRITE_PLAN + verifyAfter,
    refused: now + REFUSED_PLAN,
    event: now + EVENT_PLAN + 12 * verifyAfter,
  }
  store.backlog.capDue(latest, now)
  store.deadLetters.capDue(now)
}

/** `copy`: of how it was; null where the state was of this version already. */
export function noteUpgrade(log: Log, copy: string | null): void {
  if (copy !== null) log.info('The state was brought up to date; how it was before is kept', { copy })
}

/** Called once at start, before anything is read or sent. */
export function recoverState(store: Store, now: Instant, verifyAfter: Instant): Recovery {
  const recovery = store.transaction(() => {
    capPlans(store, now, verifyAfter)
    store.outboxContacts.recover()
    const uncertain = store.outboxEvents.recover(now, verifyAfter)
    if (!store.restored) return { uncertain, restored: null }
    const restored = store.outboxEvents.doubtAllUnsent()
    // What Brevo was sent since then is not known: everything is compared with what it holds.
    store.contacts.doubtAll()
    store.meta.set(META.verifyUntil, now)
    store.acceptRestored()
    return { uncertain, restored }
  })
  // From here on this state is told from its backups.
  store.sealEpoch()
  return recovery
}

export function readVerifyUntil(store: Pick<Store, 'meta'>): Instant {
  return store.meta.get(META.verifyUntil) ?? 0
}
