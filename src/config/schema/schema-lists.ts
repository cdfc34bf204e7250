// The list keys of connectors.yml: which Brevo lists are kept filled, and from which score on someone is satisfied.
import { type Static, Type } from '@sinclair/typebox'

import { closed, expression } from './schema-mapping.ts'

/** No id of Brevo is longer; more digits are a slip, and would be rounded. */
const LARGEST_ID = 2_147_483_647
export const anyListId = (description?: string) =>
  Type.Integer({ minimum: 1, maximum: LARGEST_ID, ...(description === undefined ? {} : { description }) })
export const listId = (description: string) => Type.Optional(anyListId(description))

const conditionalList = Type.Object(
  {
    id: anyListId('Id of the list in Brevo.'),
    when: expression('Who belongs to it: CEL over the fields, such as `nb_tickets >= 5`.'),
  },
  { ...closed, description: 'A list with a condition.' },
)

/** The known names hold an id; any other name a list with a condition. */
export interface Lists {
  all_support_contacts?: number
  satisfied_customers?: number
  dissatisfied_customers?: number
  [name: string]: number | Static<typeof conditionalList> | undefined
}

export const listKeys = {
  lists: Type.Optional(
    Type.Unsafe<Lists>(
      Type.Object(
        {
          all_support_contacts: listId('Everyone with a counted ticket.'),
          satisfied_customers: listId('Whose last score is at least `satisfaction.satisfied_from`.'),
          dissatisfied_customers: listId('Whose last score is at most `satisfaction.dissatisfied_to`.'),
        },
        {
          additionalProperties: conditionalList,
          description:
            'Brevo lists that are kept filled: by id, or under a name of your own with a condition.',
        },
      ),
    ),
  ),
  tag_lists: Type.Optional(
    Type.Record(Type.String(), anyListId(), {
      description: 'Helpdesk tag → id of a Brevo list.',
    }),
  ),
  satisfaction: Type.Optional(
    Type.Object(
      {
        satisfied_from: Type.Optional(
          Type.Number({
            minimum: 1,
            maximum: 5,
            default: 4,
            description: 'A last score from here on is satisfied.',
          }),
        ),
        dissatisfied_to: Type.Optional(
          Type.Number({
            minimum: 1,
            maximum: 5,
            default: 2,
            description: 'A last score up to here is dissatisfied.',
          }),
        ),
      },
      closed,
    ),
  ),
}
