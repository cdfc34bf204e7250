// npm run lies [-- --only '302 to another host']: every call of both APIs meets every lie.
import { parseArgs } from 'node:util'

import { type Lie, LIES, lieOnce } from './lies.ts'

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const lies = (Object.keys(LIES) as Lie[]).filter((lie) => values.only === undefined || lie === values.only)
/** Most of the time they wait. */
const AT_ONCE = 7
let failed = 0
const queue = lies.values()
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const lie of queue) {
      const { complaints, lied } = await lieOnce(lie)
      if (complaints.length > 0) failed += 1
      process.stdout.write(
        `${complaints.length === 0 ? '✓' : '✗'} ${lie}, to ${lied.length} kinds of requests\n`,
      )
      for (const complaint of complaints.slice(0, 8)) process.stdout.write(`    ${complaint}\n`)
      if (values.only !== undefined) process.stdout.write(`${lied.map((one) => `    ${one}`).join('\n')}\n`)
    }
  }),
)
process.exitCode = failed === 0 ? 0 : 1
