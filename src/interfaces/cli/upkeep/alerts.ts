// tajo alerts test: whether each target of `alerts` can be told.
import { loadConfig } from '../../../config/load.ts'
import { nameOf, tell } from '../../../daemon/alerts/tell.ts'
import { coerceError, TajoError } from '../../../lib/errors.ts'
import { Secret } from '../../../lib/log/secret.ts'
import { type CommonOptions, openPorts } from '../terminal/session.ts'
import { paint, print } from '../terminal/terminal.ts'

export async function runAlertsTest(options: CommonOptions): Promise<number> {
  const config = loadConfig(options.config, process.env)
  if (config.alerts === null)
    throw new TajoError('usage', `${options.config} has no \`alerts\`.`, {
      hint: 'Write alerts: { to: [{ webhook: "https://…" }] }, for example.',
    })
  const secrets = config.alerts.to.flatMap((one) =>
    one.kind === 'webhook' ? (one.secret ?? []) : one.kind === 'slack' ? one.url : one.smtp,
  )
  const opened = openPorts(
    config.log,
    secrets.map((one) => new Secret(one)),
  )
  const { http, clock } = opened.ports
  let failed = 0
  try {
    for (const target of config.alerts.to) {
      const message = {
        id: 'test',
        state: 'test' as const,
        severity: 'warning' as const,
        summary: 'This is a test: tajo can tell you when something needs a look.',
        action: 'Nothing has to be done.',
        since: new Date(clock.now()).toISOString(),
      }
      try {
        await tell(target, message, http)
        print(`${paint('green', '✓')} ${nameOf(target)} was told`)
      } catch (thrown) {
        failed += 1
        const { message: reason, hint } = coerceError(thrown)
        print(`${paint('red', '✗')} ${reason}`)
        if (hint !== undefined) print(`  ${hint}`)
      }
    }
    return failed > 0 ? 1 : 0
  } finally {
    opened.close()
  }
}
