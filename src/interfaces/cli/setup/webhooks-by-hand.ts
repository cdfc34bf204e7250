// Webhooks of a helpdesk that has no API for them: what a person has to enter, and that there are none.
import type { ConnectorConfig } from '../../../config/config.ts'
import { TajoError } from '../../../lib/errors.ts'
import { requireSource } from '../../../sources/index.ts'
import type { SourceDefinition } from '../../../sources/source.ts'
import { webhookVariable } from '../terminal/session.ts'

/** Throws `usage` where the helpdesk calls nobody. */
export function requireWebhooks({ source }: ConnectorConfig): SourceDefinition {
  const definition = requireSource(source)
  if (definition.receiver !== null) return definition
  throw new TajoError('usage', `${definition.label} has no webhooks.`, {
    hint: 'Nothing is missing: polls find every change, as often as `schedule` says.',
  })
}

interface Entered {
  lines: string[]
  /** To be kept; null where it is kept already, or comes from the helpdesk. */
  secret: string | null
}

/** `secret`: one that was just made, null where there is one already. `isGiven`: tajo knows a secret. */
export function explainByHand(
  { label, receiver }: SourceDefinition,
  { name, url, secret, isGiven }: { name: string; url: string; secret: string | null; isGiven: boolean },
): Entered {
  const byHand = receiver!.byHand!
  const lines = [
    `${label} has no API for webhooks, so a person enters it:`,
    ...byHand.steps(url).map((step, index) => `  ${index + 1}. ${step}`),
  ]
  if (byHand.secret === 'ours')
    return { lines: secret === null ? lines : [...lines, `Its secret, shown this once: ${secret}`], secret }
  if (!isGiven)
    lines.push(
      `Give tajo its secret as ${webhookVariable(name)}: until then everything that comes in is refused.`,
    )
  return { lines: [...lines, `Then try it, with tajo running: tajo webhooks test ${name}`], secret: null }
}
