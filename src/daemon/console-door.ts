// What the console sees of this daemon, and what it can ask of it.
import { setImmediate } from 'node:timers/promises'

import { toRules } from '../config/alerts.ts'
import { openConfigFile } from '../config/text/file.ts'
import type { Ports } from '../engine/engine.ts'
import type { ConsoleDoor } from '../interfaces/console/door.ts'
import { coerceError, isAbort } from '../lib/errors.ts'
import { findAlerts } from './alerts/find.ts'
import { toCircumstances } from './look.ts'
import type { Served, ServeOptions } from './serve.ts'

/** What a person who looks wants to see, whoever is told of it besides. */
const RULES = toRules([
  'needs_attention',
  { stale: '30m' },
  'guard',
  'config',
  'webhooks',
  'tables',
  { in_doubt: 1 },
  { dead_letters: 1 },
])

export function openConsoleDoor(
  { config, env }: Pick<ServeOptions, 'config' | 'env'>,
  { clock, log }: Pick<Ports, 'clock' | 'log'>,
  { engine, statuses, track }: Pick<Served, 'engine' | 'statuses' | 'track'>,
  closing: AbortSignal,
): ConsoleDoor {
  return {
    store: engine.store,
    config,
    file: openConfigFile(config.file),
    env,
    clock,
    log,
    pause: () => setImmediate(),
    statuses: () => statuses.read(),
    findings: () =>
      [...findAlerts(RULES, toCircumstances(engine, statuses))].map(([id, finding]) => ({
        id,
        ...finding,
      })),
    sync(connector, options) {
      track(() => engine.sync(connector, options, closing)).catch((thrown: unknown) => {
        if (!isAbort(thrown))
          log.warn('A run that was asked for in the console did not come through', {
            connector,
            reason: coerceError(thrown).message,
          })
      })
    },
  }
}
