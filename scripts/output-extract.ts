// What `tajo extract --json` prints.
import { Type } from '@sinclair/typebox'

import { count, nullable, shape, version } from './output-shapes.ts'

export const extract = shape({
  version,
  tables: Type.Array(
    shape({
      table: Type.String(),
      rows: count('That were read, with those that were there already.'),
      invalid: count('Items without an id, which were left out.'),
      new_fields: Type.Array(Type.String(), {
        description: 'Fields without a column that were never seen before; they are kept in `_extra`.',
      }),
    }),
  ),
})

const estimated = Type.Number({ minimum: 0 })
export const extractDryRun = shape({
  version,
  tables: Type.Array(
    shape({
      table: Type.String(),
      requests: nullable(count(), 'Null: nobody can tell how far back the list goes.'),
      minutes: nullable(estimated, 'At the pace that the helpdesk allows.'),
    }),
  ),
  requests: count('Of those tables of which it can be told.'),
  minutes: estimated,
})
