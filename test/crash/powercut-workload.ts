// What a power cut may interrupt: transactions of the real state, each acknowledged on standard output once it is committed.
import { writeSync } from 'node:fs'

import { createSeededRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/state/store.ts'
import { textKey } from '../../src/state/meta.ts'

const [directory, rows] = [process.argv[2]!, Number(process.argv[3])]
const random = createSeededRandom(5)
const store = openStore(directory)
writeSync(1, 'open\n')
for (let row = 1; row <= rows; row += 1) {
  const payload = String(row).padEnd(Math.floor(random.next() ** 3 * 90_000), 'x')
  store.commitSending(
    () => {
      store.meta.set(textKey(`row:${row}`), payload)
      store.meta.set(textKey('last'), String(row))
    },
    () => undefined,
  )
  writeSync(1, `ack ${row}\n`)
}
process.exit(0)
