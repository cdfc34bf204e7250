// tajo approve: lets a changed connectors.yml go live that a running daemon holds back.
import { readConfig } from '../../../config/load.ts'
import { TajoError } from '../../../lib/errors.ts'
import { fingerprint } from '../../../dry-run/report.ts'
import { approve, readInForce, readPending } from '../../../state/reading/applied-config.ts'
import { isLocked } from '../../../state/db/lock.ts'
import { openStoreBeside } from '../../../state/store.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

/** Exit code 0: approved; 1: nothing waits. */
export function runApprove(options: CommonOptions & { json?: boolean }): number {
  const text = readConfig(options.config)
  const store = openStoreBeside(options.stateDir)
  try {
    const pending = store === null ? null : readPending(store)
    const sha256 = fingerprint(text)
    if (store === null || pending === null || readInForce(store) === text) {
      if (options.json === true) print(JSON.stringify({ approved: false, reasons: [] }))
      else print('No change of connectors.yml waits for an approval.')
      return 1
    }
    if (pending.sha256 !== sha256)
      throw new TajoError('usage', `${options.config} was changed again since the daemon looked at it.`, {
        hint: 'Wait a few seconds and look: tajo status',
      })
    if (pending.state === 'faulty')
      throw new TajoError('config_invalid', `${options.config} has mistakes, so it can not go live.`, {
        details: pending.reasons,
      })
    store.transaction(() => approve(store, sha256))
    if (options.json === true) print(JSON.stringify({ approved: true, reasons: pending.reasons }))
    else {
      print(`${paint('green', '✓')} Approved: ${pending.reasons.join('; ')}.`)
      say(
        isLocked(options.stateDir)
          ? 'The running daemon takes it within seconds.'
          : 'No daemon runs; the next one takes it.',
      )
    }
    return 0
  } finally {
    store?.close()
  }
}
