// The one list of the sandbox's helpdesks: one for each of sources/index.ts, which it can't import, so that it can prove it wrong.
import { gladlySandbox } from './gladly/gladly.ts'
import { gorgiasSandbox } from './gorgias/gorgias.ts'
import { intercomSandbox } from './intercom/intercom.ts'
import type { HelpdeskSandbox } from './helpdesk.ts'

export const HELPDESKS: readonly HelpdeskSandbox[] = [gorgiasSandbox, intercomSandbox, gladlySandbox]

export function requireHelpdesk(name: string): HelpdeskSandbox {
  const found = HELPDESKS.find((one) => one.name === name)
  if (found === undefined) throw new Error(`The sandbox has no ${name}`)
  return found
}
