// The environment as it may be put into a draft that somebody else looks at: a text may name any variable, and what is computed from it may be
// shown. So a draft has a variable's value only where connectors.yml itself names it, in the same place and the same words.
import { isPair, isScalar, parseDocument, visit } from 'yaml'

import type { Env } from '../load.ts'
import { VARIABLE } from '../text/document.ts'
import { SECRET_NAME } from '../text/mask.ts'

/** Long enough for whatever asks for a length. */
const standIn = (name: string): string => `the-value-of-${name}-is-not-shown`

const isSecret = (name: string): boolean =>
  SECRET_NAME.test(name) || /(?:^|_)(?:KEY|PASS|AUTH|CREDENTIALS?)(?:_|$)/i.test(name)

/** `known`: connectors.yml as it is on the disk; null where it can't be read. */
export function toShownEnv(env: Env, draft: string, known: string | null): Env {
  const there = findNamed(known ?? '').places
  const { places, hasAlias } = findNamed(draft)
  // An alias takes what stands in one place to another.
  const isAsKnown = (name: string, at: ReadonlySet<string>): boolean =>
    draft === known || (!hasAlias && [...at].every((one) => there.get(name)?.has(one)))
  const hidden = [...places]
    .filter(([name, at]) => isSecret(name) || !isAsKnown(name, at))
    .map(([name]) => name)
  return {
    ...env,
    ...Object.fromEntries(
      hidden.filter((name) => env[name] !== undefined).map((name) => [name, standIn(name)]),
    ),
  }
}

/** Of each variable that a text names the places, each with what stands there. */
function findNamed(text: string): { places: Map<string, Set<string>>; hasAlias: boolean } {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' })
  const places = new Map<string, Set<string>>()
  let hasAlias = false
  visit(document, {
    Alias: () => {
      hasAlias = true
    },
    Scalar(position, { value }, above) {
      if (position === 'key' || typeof value !== 'string') return
      const path = above.map((one) => (isPair(one) && isScalar(one.key) ? String(one.key.value) : '-'))
      for (const [, name = ''] of value.matchAll(VARIABLE))
        places.set(name, (places.get(name) ?? new Set()).add(JSON.stringify([path, position, value])))
    },
  })
  return { places, hasAlias }
}
