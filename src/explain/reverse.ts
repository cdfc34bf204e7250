// The other direction: who is in a list and why, and what an attribute holds.
import type { Config } from '../config/config.ts'
import { enabled } from '../engine/streams.ts'
import { FIELDS } from '../mapping/fields.ts'
import type { Store } from '../state/store.ts'
import { compileAll, EXPLAIN_VERSION, explainContact, parsePlace } from './explain.ts'

export interface ListExplanation {
  version: typeof EXPLAIN_VERSION
  list: number
  name: string
  /** The lines that fill it. */
  mapping: { file: string; line: number; rule: string }[]
  /** `given` by tajo, `giving` just now, `found` there before, `left` by the contact. */
  counts: { given: number; giving: number; found: number; left: number }
  contacts: { email: string; member: boolean; reason: string }[]
}

export interface AttributeExplanation {
  version: typeof EXPLAIN_VERSION
  attribute: string
  /** As Brevo has it; null: not there, or never looked. */
  type: string | null
  mapping: { file: string; line: number; field: string; expression: string | null } | null
  about: string
  /** What Brevo was told, the most frequent first. */
  values: { value: unknown; contacts: number }[]
  distinct: number
}

/** `onContact` hears how many of its contacts are explained: a long list takes its time. */
export function explainList(
  store: Store,
  config: Config,
  { list, limit, onContact }: { list: number; limit: number; onContact?: (done: number) => void },
): ListExplanation {
  return {
    version: EXPLAIN_VERSION,
    list,
    name: store.brevo.listNames()[list] ?? '',
    mapping: enabled(config).flatMap(({ rules: { lists, inSupport } }) => [
      ...lists
        .filter((rule) => rule.list === list)
        .map((rule) => ({ ...parsePlace(rule.where), rule: rule.name })),
      ...(inSupport?.list === list ? [{ ...parsePlace(inSupport.where), rule: 'in_support' }] : []),
    ]),
    counts: { given: 0, giving: 0, found: 0, left: 0, ...store.contacts.countMembersOf(list) },
    contacts: store.contacts.membersOf(list, limit).map(({ email }, index) => {
      onContact?.(index)
      const entry = explainContact(store, config, email)?.lists[list]
      return { email, member: entry?.member ?? false, reason: entry?.reason ?? '' }
    }),
  }
}

export function explainAttribute(
  store: Store,
  config: Config,
  attribute: string,
  limit: number,
): AttributeExplanation {
  const rule = enabled(config)
    .flatMap((connector) => connector.rules.fields)
    .find((one) => one.attribute === attribute)
  const field = compileAll(store, config)
    .flatMap((one) => one.compiled.mapping.fields)
    .find((one) => one.attribute === attribute)
  const values = store.contacts.valuesOf(attribute)
  const known = rule === undefined ? undefined : FIELDS[rule.field]
  const inSupport = enabled(config).find((one) => one.rules.inSupport?.attribute === attribute)?.rules
    .inSupport
  if (rule === undefined && inSupport != null)
    return {
      version: EXPLAIN_VERSION,
      attribute,
      type: 'boolean',
      mapping: { ...parsePlace(inSupport.where), field: 'in_support', expression: null },
      about: 'Whether the customer is in support now.',
      values: values.slice(0, limit),
      distinct: values.length,
    }
  return {
    version: EXPLAIN_VERSION,
    attribute,
    type:
      field?.brevo?.type ??
      store.brevo.setup()?.attributes.find((one) => one.name === attribute)?.type ??
      null,
    mapping:
      rule === undefined
        ? null
        : { ...parsePlace(rule.where), field: rule.field, expression: rule.value?.source ?? null },
    about:
      rule === undefined
        ? 'No line of field_mapping fills it.'
        : rule.value !== undefined
          ? `Computed: ${rule.value.source}`
          : (known?.about ?? `The customer’s own field ${rule.field}.`),
    values: values.slice(0, limit),
    distinct: values.length,
  }
}
