// What is extracted is what the helpdesk holds, whatever happens while it is read and wherever the reading ends.
import { expect, it } from '@jest/globals'

import { expectAll, GLADLY, GORGIAS, INTERCOM } from './oracle.ts'
import { readSqlite } from './readers.ts'
import { seeds, torture } from './torture.ts'

it.each([...seeds(GORGIAS, 4), ...seeds(INTERCOM, 2), ...seeds(GLADLY, 2)])(
  '%s, seed %i',
  async (_, seed, subject) => {
    await torture(subject, seed, subject.tables, (file, { world }) => {
      expect(readSqlite(file, subject)).toEqual(expectAll(world, subject))
    })
  },
)
