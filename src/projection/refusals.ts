// Whether Brevo is ready for what connectors.yml says: complaints with their lines, before the first write.
import { TajoError } from '../lib/errors.ts'
import type { MappingIssue } from '../mapping/compile.ts'

/** `connector`: whose install makes what is missing. */
export function refuseIssues(issues: readonly MappingIssue[], connector: string): void {
  if (issues.length === 0) return
  const details = issues.map(
    (one) =>
      `${one.where}: ${one.field} can not go to ${one.attribute}: ${one.reason}.` +
      (one.create === null
        ? ' Map it to an attribute of another type.'
        : ` Create it in Brevo (Contacts → Settings → Attributes) as ${TYPE_WORDS[one.create]}.`),
  )
  throw new TajoError('brevo_setup', 'Brevo is not ready for this mapping; nothing was written.', {
    details,
    hint: issues.some((one) => one.create !== null)
      ? `tajo creates what is missing: tajo connectors install ${connector} --yes`
      : 'Mend these lines and try again.',
  })
}

const TYPE_WORDS = { text: 'Text', float: 'Number', date: 'Date', boolean: 'Boolean' } as const

export function refuseUnknownLists(
  places: readonly { id: number; where: string }[],
  known: ReadonlyMap<number, string>,
): void {
  const details = places
    .filter(({ id }) => !known.has(id))
    .map(({ id, where }) => `${where}: there is no list ${id} in Brevo.`)
  if (details.length === 0) return
  const names = [...known].slice(0, 20).map(([id, name]) => `${id} (${name})`)
  throw new TajoError(
    'brevo_setup',
    'connectors.yml names lists that Brevo does not have; nothing was written.',
    {
      details,
      hint:
        names.length === 0
          ? 'Create the lists in Brevo and use their ids.'
          : `Lists in Brevo: ${names.join(', ')}.`,
    },
  )
}
