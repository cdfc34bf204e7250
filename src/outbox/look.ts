// What Brevo holds, for what goes out in bulk: who left a list is not put back, and a membership that was there is not tajo's to take away.
import { withLeft } from '../model/memberships.ts'
import type { DeliveryContext, Prepared } from './delivery.ts'

/** How far Brevo's clock may be from ours. */
const CLOCK_MARGIN_MS = 5 * 60_000
/** An outage, or an import before, may lie between a look and the next write. */
const STALE_MS = 20_000

export class Look {
  readonly #context: DeliveryContext
  /** By our clock: when what is known was asked for. */
  #at = 0

  constructor(context: DeliveryContext) {
    this.#context = context
  }

  async atEverything(signal?: AbortSignal): Promise<void> {
    const { store } = this.#context
    store.transaction(() => store.contacts.startLook())
    await this.#read(null, signal)
  }

  /** At what changed since the last look. */
  async again(signal?: AbortSignal): Promise<void> {
    await this.#read(new Date(this.#at - CLOCK_MARGIN_MS).toISOString(), signal)
  }

  /** Before a write that adds to this list: those of a portion that have not left it. The others stay due. */
  async withoutLeft(portion: readonly Prepared[], list: number, signal?: AbortSignal): Promise<Prepared[]> {
    if (this.#context.clock.now() - this.#at > STALE_MS) await this.again(signal)
    const { store } = this.#context
    return store.transaction(() =>
      portion.filter((one) => {
        const { unsubscribed } = store.contacts.seen(one.write.email) ?? { unsubscribed: [] as number[] }
        const left = one.write.addLists.filter((added) => unsubscribed.includes(added))
        if (left.length > 0) {
          one.write.addLists = one.write.addLists.filter((added) => !left.includes(added))
          one.lastSent.lists = withLeft(one.lastSent.lists, left)
          store.contacts.noteLeft(one.write.email, left)
        }
        return !unsubscribed.includes(list)
      }),
    )
  }

  async #read(since: string | null, signal?: AbortSignal): Promise<void> {
    const { store, destination, clock } = this.#context
    const at = clock.now()
    for await (const page of destination.readContacts(since, signal)) {
      store.transaction(() => {
        for (const contact of page) store.contacts.putSeen(contact)
      })
    }
    this.#at = at
  }
}
