// npm run fuzz -- [--bodies N] [--seed S] [--helpdesk NAME]
import { parseArgs } from 'node:util'

import { fuzz } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    bodies: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    helpdesk: { type: 'string', default: 'gorgias' },
  },
})
const report = await fuzz(Number(values.bodies), Number(values.seed), values.helpdesk)
for (const one of [...new Set(report.unforeseen)].slice(0, 40)) process.stdout.write(`  ${one}\n`)
process.stdout.write(
  `${report.bodies} bodies: ${report.records} records, ${report.setAside} set aside, ${JSON.stringify(report.ends)}; ${report.unforeseen.length} unforeseen\n`,
)
process.exit(report.unforeseen.length === 0 ? 0 : 1)
