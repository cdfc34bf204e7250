// The other direction: who is in a list, and what an attribute holds.
import { explainAttribute, explainList } from '../../../explain/reverse.ts'
import type { ConsoleDoor } from '../door.ts'
import { html } from '../html.ts'
import type { Content } from '../layout.ts'
import { badge, empty, facts, link, said, table } from '../parts.ts'
import type { Addresses } from '../safety/addresses.ts'
import { shown, type Visit } from '../visit.ts'
import { showValue, toPerson } from './person.ts'

const MOST_CONTACTS = 100
const MOST_VALUES = 50

export function listPage(visit: Visit, { store, config }: ConsoleDoor, addresses: Addresses): Content | null {
  const { words, parameter } = visit
  const id = Number(parameter)
  if (!Number.isSafeInteger(id)) return null
  const { name, mapping, counts, contacts } = explainList(store, config, { list: id, limit: MOST_CONTACTS })
  const total = Object.values(counts).reduce((sum, one) => sum + one, 0)
  const rows = contacts.map((one) => [
    toPerson(visit, addresses, one.email),
    badge(one.member ? 'good' : 'plain', words.t(one.member ? 'person.member' : 'person.no_member')),
    said(shown(visit, one.reason)),
  ])
  return {
    title: words.t('list.title', { name: name === '' ? String(id) : `${name} (${id})` }),
    body: html`${facts([
      [
        words.t('list.filled_by'),
        mapping.length === 0
          ? words.t('list.no_line')
          : mapping.map(
              (one) =>
                html`<p>
                  ${link(visit, `/mapping#L${one.line}`, words.t('line', { line: one.line }))}
                  <code>${one.rule}</code>
                </p>`,
            ),
      ],
      [words.t('list.given'), words.count(counts.given + counts.giving)],
      [words.t('list.found'), words.count(counts.found)],
      [words.t('list.left'), words.count(counts.left)],
    ])}${
      rows.length === 0
        ? empty(words.t('list.nobody'))
        : table(
            words.t('list.contacts'),
            ['contact', 'member', 'why'].map((one) => words.of('person', one)),
            rows,
          )
    }${total > rows.length ? html`<p>${words.t('more', { count: total - rows.length })}</p>` : null}`,
  }
}

export function attributePage(visit: Visit, { store, config }: ConsoleDoor): Content | null {
  const { words, parameter } = visit
  // As Brevo names them.
  if (!/^[\w-]{1,255}$/.test(parameter)) return null
  const { attribute, type, mapping, about, values, distinct } = explainAttribute(
    store,
    config,
    parameter.toUpperCase(),
    MOST_VALUES,
  )
  return {
    title: attribute,
    body: html`<p class="lead">${said(about)}</p>
      ${facts([
        [words.t('attribute.type'), type],
        [
          words.t('list.filled_by'),
          mapping === null
            ? words.t('list.no_line')
            : html`${link(visit, `/mapping#L${mapping.line}`, words.t('line', { line: mapping.line }))}
                <code>${mapping.expression ?? mapping.field}</code>`,
        ],
      ])}${
        values.length === 0
          ? empty(words.t('attribute.none'))
          : table(
              words.t('attribute.values'),
              [words.t('person.value'), words.t('attribute.contacts')],
              values.map(({ value, contacts }) => [showValue(visit, value), words.count(contacts)]),
              { isNumeric: [1] },
            )
      }${distinct > values.length ? html`<p>${words.t('more', { count: distinct - values.length })}</p>` : null}`,
  }
}
