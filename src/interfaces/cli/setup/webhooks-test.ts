// tajo webhooks test: waits until the helpdesk calls, and says whether the call was let in. What a person does to make it call is theirs.
import { loadConfig } from '../../../config/load.ts'
import { TajoError } from '../../../lib/errors.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { parseDurationMs } from '../../../model/time.ts'
import { isLocked } from '../../../state/db/lock.ts'
import type { WebhookCounts } from '../../../state/reading/refresh-requests.ts'
import { openStoreReadOnly } from '../../../state/store.ts'
import { type CommonOptions, webhookVariable } from '../terminal/session.ts'
import { paint, print } from '../terminal/terminal.ts'
import { requireWebhooks } from './webhooks-by-hand.ts'

const LOOK_EVERY_MS = 250

export interface WebhooksTestOptions extends CommonOptions {
  wait: string
}

/** Exit code 0: something came and was let in. */
export async function runWebhooksTest(name: string, options: WebhooksTestOptions): Promise<number> {
  const config = loadConfig(options.config, process.env)
  const connector = config.connectors.find((one) => one.name === name)
  if (connector === undefined)
    throw new TajoError('usage', `There is no connector ${name} in ${options.config}.`, {
      hint: `Install it: tajo connectors install ${name}`,
    })
  const { label, receiver } = requireWebhooks(connector)
  const waitMs = parseDurationMs(options.wait)
  if (waitMs === null)
    throw new TajoError('usage', `"${options.wait}" is no time to wait.`, { hint: 'Such as --wait 2m' })
  if (!isLocked(options.stateDir))
    throw new TajoError('usage', 'Nobody listens: tajo is not running with this state directory.', {
      hint: 'Start it first, in another terminal: tajo start',
    })
  const before = readCounts(options.stateDir, name)
  print(`Waiting ${options.wait} for ${label} to call /webhooks/${name} …`)
  print(receiver?.byHand?.ask ?? 'Let something happen there: open a ticket, or answer one.')
  const end = systemClock.monotonic() + waitMs
  for (;;) {
    const now = readCounts(options.stateDir, name)
    const told = judge(before, now, name)
    if (told !== null) {
      print(told.line)
      return told.code
    }
    if (systemClock.monotonic() >= end) break
    await systemClock.sleep(LOOK_EVERY_MS)
  }
  print(
    `${paint('red', '✗')} Nothing came. Is the address entered there reachable from the internet, by https?`,
  )
  print(`  What has come in so far: tajo webhooks status ${name}`)
  return 1
}

function judge(
  before: WebhookCounts,
  now: WebhookCounts,
  name: string,
): { line: string; code: number } | null {
  if (now.pings > before.pings)
    return { line: `${paint('green', '✓')} The ping came, and was let in`, code: 0 }
  if (now.accepted > before.accepted || now.ignored > before.ignored)
    return { line: `${paint('green', '✓')} A call came, and was let in`, code: 0 }
  if (now.unauthorized === before.unauthorized) return null
  return {
    line: `${paint('red', '✗')} A call came, and was refused: it is not signed with the secret that tajo has (${webhookVariable(name)})`,
    code: 1,
  }
}

function readCounts(stateDir: string, name: string): WebhookCounts {
  const store = openStoreReadOnly(stateDir)
  try {
    return (
      store?.refreshRequests.counts(name) ?? {
        accepted: 0,
        ignored: 0,
        unauthorized: 0,
        pings: 0,
        lastAt: null,
      }
    )
  } finally {
    store?.close()
  }
}
