// npm run simulate:mutants [-- --first N]: how many seeds it takes to see each mistake.
import { parseArgs } from 'node:util'

import { findFirstFailure, MUTANTS } from './mutants.ts'

const { values } = parseArgs({
  options: { first: { type: 'string' }, from: { type: 'string', default: '0' } },
})
const SEEDS = 400
let missed = 0
for (const mutant of MUTANTS.slice(Number(values.from)).slice(0, Number(values.first ?? MUTANTS.length))) {
  const failure = await findFirstFailure(mutant, SEEDS)
  if (failure === null) missed += 1
  process.stdout.write(
    `${failure === null ? '✗' : '✓'} ${mutant.name}\n    ${failure === null ? `not seen in ${SEEDS} seeds` : `seed ${failure}`}\n`,
  )
}
process.exitCode = missed === 0 ? 0 : 1
