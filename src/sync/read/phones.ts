// No list has phones: one request for each customer that is new or changed.
import { TajoError } from '../../lib/errors.ts'
import { meanwhile } from '../../lib/async/meanwhile.ts'
import { toE164 } from '../../model/phone.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import { type DirectoryContext, findGoLive, type SyncContext } from '../context.ts'
import { runAll } from './parallel.ts'
import { createFailureBudget, type FailureBudget } from './failure-budget.ts'

/** Requests under way at once where each answers for one record: enough to use the whole budget at two seconds each. */
const PARALLEL = 4
const BATCH = 100

export interface PhoneOptions {
  /** National numbers are read as of this country. */
  defaultCountry: string | undefined
}

/** From so many on they are not waited for. */
export const areManyPhones = ({ store, source }: SyncContext): boolean =>
  store.customers.phoneDue(source.name, '', BATCH).length === BATCH

/** Between two deliveries beside a reading that takes long. */
export const DELIVER_EVERY_MS = 5_000

/** Hours of requests to the helpdesk: what is known already is delivered meanwhile, and each phone soon after it is read. */
export async function readManyPhones(
  base: DirectoryContext,
  {
    phones,
    liveOnly,
    signal,
  }: { phones: PhoneOptions | null; liveOnly: boolean; signal?: AbortSignal | undefined },
  deliver: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const context = { ...base, goLive: findGoLive(base), priority: 'background' as const }
  if (phones === null || liveOnly || !areManyPhones(context)) return
  const read = (stop: AbortSignal): Promise<unknown> => readPhones(context, phones, stop)
  await meanwhile(context.clock, DELIVER_EVERY_MS, read, deliver, signal)
}

/** How many it asked for. */
export async function readPhones(
  context: SyncContext,
  { defaultCountry }: PhoneOptions,
  signal?: AbortSignal,
): Promise<number> {
  const { store, source } = context
  const failureBudget = createFailureBudget()
  let asked = 0
  let after = ''
  for (;;) {
    const due = store.customers.phoneDue(source.name, after, BATCH)
    if (due.length === 0) return asked
    asked += due.length
    after = due.at(-1)!.id
    const queue = due.values()
    await runAll(
      Array.from({ length: PARALLEL }, () => async () => {
        for (const customer of queue)
          await readPhone(context, customer, defaultCountry, failureBudget, signal)
      }),
    )
  }
}

async function readPhone(
  { store, source, clock, priority }: SyncContext,
  { id, email }: { id: string; email: string },
  defaultCountry: string | undefined,
  failureBudget: FailureBudget,
  signal?: AbortSignal,
): Promise<void> {
  const key = toSetAsideKey(source.name, 'customers', id, 'phone')
  const put = (phone: string | null): void => {
    const valid = phone !== null && toE164(phone, defaultCountry) !== null
    store.customers.putPhone(source.name, id, phone, valid)
  }
  try {
    const phone = store.customers.isOwnAddress(email) ? null : await source.readPhone(id, signal)
    failureBudget.succeeded()
    store.transaction(() => {
      put(phone)
      store.outboxContacts.mark(email, priority)
      store.deadLetters.clear('record', key)
    })
  } catch (thrown) {
    if (!(thrown instanceof TajoError)) throw thrown
    store.transaction(() => {
      // Asked for again when the dead letter is tried again, not by every run.
      store.customers.leavePhone(source.name, id)
      store.deadLetters.put('record', key, thrown.message, fromMs(clock.now()))
    })
    if (thrown.kind !== 'record') failureBudget.failed(thrown)
  }
}
