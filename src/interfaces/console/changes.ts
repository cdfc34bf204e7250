// GET /console/changes: a stream that says that something has changed, and never what: the page asks for itself anew, so that it is made in
// one place. Nothing is looked at while nobody listens.
import type { FastifyReply } from 'fastify'

import type { Clock } from '../../lib/time/clock.ts'
import type { Store } from '../../state/store.ts'

const LOOK_EVERY_MS = 500
const PING_EVERY_MS = 15_000
/** Open pages; each holds a connection. */
const MOST = 20

interface Listener {
  reply: FastifyReply
  everyMs: number
  isStillIn(): boolean
  /** What it was last told of. */
  mark: string
  toldAt: number
  pingedAt: number
}

export class Changes {
  readonly #store: Store
  readonly #clock: Clock
  readonly #listeners = new Set<Listener>()
  #isLooking = false

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  get isFull(): boolean {
    return this.#listeners.size >= MOST
  }

  /** `lastId`: of what it was told before the connection was lost; '' for a new one. */
  add(reply: FastifyReply, everyMs: number, lastId: string, isStillIn: () => boolean): void {
    const now = this.#clock.monotonic()
    const mark = this.#mark()
    const listener = {
      reply,
      everyMs,
      isStillIn,
      mark: lastId === '' ? mark : lastId,
      toldAt: 0,
      pingedAt: now,
    }
    reply.hijack()
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    reply.raw.write(`retry: 3000\nid: ${mark}\nevent: hello\ndata:\n\n`)
    reply.raw.once('close', () => this.#listeners.delete(listener))
    this.#listeners.add(listener)
    reply.raw.on('error', () => undefined)
    // A state that can't be asked any more, as while the daemon ends: pages come back by themselves.
    if (!this.#isLooking) this.#look().catch(() => this.#endAll())
  }

  /** Moves with every row that is written, by this process or beside it. */
  #mark(): string {
    return this.#store.changeMark()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    try {
      while (this.#listeners.size > 0) {
        const mark = this.#mark()
        for (const one of this.#listeners) this.#tell(one, mark)
        await this.#clock.sleep(LOOK_EVERY_MS)
      }
    } finally {
      this.#isLooking = false
    }
  }

  #endAll(): void {
    for (const { reply } of this.#listeners) reply.raw.end()
    this.#listeners.clear()
  }

  #tell(one: Listener, mark: string): void {
    const now = this.#clock.monotonic()
    if (!one.isStillIn()) {
      this.#listeners.delete(one)
      one.reply.raw.end('event: signed-out\ndata:\n\n')
      return
    }
    if (mark !== one.mark && now - one.toldAt >= one.everyMs) {
      one.mark = mark
      one.toldAt = one.pingedAt = now
      one.reply.raw.write(`id: ${mark}\nevent: changed\ndata:\n\n`)
    } else if (now - one.pingedAt >= PING_EVERY_MS) {
      one.pingedAt = now
      one.reply.raw.write(':\n\n')
    }
  }
}
