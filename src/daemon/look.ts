// Once a minute a daemon looks at itself: how well objectives are kept, and whether somebody has to be told of something.
import type { Config } from '../config/config.ts'
import type { Engine, Ports } from '../engine/engine.ts'
import { enabled, readAttributeFreshness, readFreshness } from '../engine/streams.ts'
import { isAbort } from '../lib/errors.ts'
import { type Instant, toMs } from '../model/time.ts'
import { META } from '../state/meta.ts'
import { attributeKey, noteObjective } from '../state/reading/objectives.ts'
import { Alerts } from './alerts/alerts.ts'
import type { Circumstances } from './alerts/find.ts'
import type { StatusReader } from './statuses.ts'

const LOOK_EVERY_MS = 60_000

/** Until `signal` aborts. */
export async function followLooks(
  config: Config,
  engine: Engine,
  statuses: StatusReader,
  { clock, http, log }: Pick<Ports, 'clock' | 'http' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const { store } = engine
  const alerts = config.alerts === null ? null : new Alerts(config.alerts, { store, http, log })
  if (alerts === null && config.connectors.every(({ objectives }) => objectives === null)) return
  try {
    for (;;) {
      noteObjectives(config, engine, clock.now())
      await alerts?.look(toCircumstances(engine, statuses), signal)
      await clock.sleep(LOOK_EVERY_MS, signal)
    }
  } catch (thrown) {
    if (!isAbort(thrown)) throw thrown
  }
}

function noteObjectives(config: Config, { store }: Engine, nowMs: number): void {
  for (const connector of enabled(config)) {
    const { name, objectives } = connector
    if (objectives === null) continue
    // Before the first sync is done nothing was promised.
    const note = (key: string, freshnessMs: number, freshAsOf: Instant | null): void => {
      if (freshAsOf !== null) noteObjective(store, key, { freshnessMs }, toMs(freshAsOf), nowMs)
    }
    if (objectives.freshnessMs !== null) note(name, objectives.freshnessMs, readFreshness(store, connector))
    for (const [attribute, freshnessMs] of Object.entries(objectives.attributes))
      note(attributeKey(name, attribute), freshnessMs, readAttributeFreshness(store, connector, attribute))
  }
}

/** What there is to complain of, whoever does. */
export function toCircumstances({ store }: Pick<Engine, 'store'>, statuses: StatusReader): Circumstances {
  const { connectors, at } = statuses.read()
  return {
    connectors,
    deadLetters: store.deadLetters.list().length,
    webhooks: new Map(
      [...connectors.keys()].flatMap((name) => {
        const state = store.meta.get(META.webhookHealth(name))?.state ?? 'ok'
        return state === 'ok' ? [] : [[name, state.replace('_', ' ')] as const]
      }),
    ),
    now: at,
  }
}
