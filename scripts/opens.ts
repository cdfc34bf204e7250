// npm run opens [-- --times N]: an engine that was closed leaves nothing in the process, neither memory nor file descriptors.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { parseConfig } from '../src/config/load.ts'
import { openEngine } from '../src/engine/engine.ts'
import { Secret } from '../src/lib/log/secret.ts'
import { createHttp } from '../src/lib/net/http.ts'
import { createSeededRandom } from '../src/lib/random.ts'
import { systemClock } from '../src/lib/time/clock.ts'

/** What the first ones leave (compiled code, caches) does not count; more than this a thousand would be a leak. */
const WARM_UP = 200
const MOST_BYTES_EACH = 1_000

const { values } = parseArgs({ options: { times: { type: 'string', default: '10000' } } })
const times = Number(values.times)
const silent = (): void => undefined
const log = { error: silent, warn: silent, info: silent, verbose: silent, debug: silent }
const stateDir = mkdtempSync(join(tmpdir(), 'tajo-opens-'))
const config = parseConfig('connectors.yml', 'connectors: { gorgias: { domain: shop.gorgias.com } }', {})
const key = new Secret('none')
const http = createHttp()

function openAndClose(): void {
  const engine = openEngine(
    { config, stateDir, credentials: { gorgias: { email: key, api_key: key } }, brevoKey: key },
    { http, clock: systemClock, random: createSeededRandom(1), log },
  )
  engine.close()
}

function measure(): { heap: number; descriptors: number } {
  globalThis.gc?.()
  return { heap: process.memoryUsage().heapUsed, descriptors: readdirSync('/proc/self/fd').length }
}

if (globalThis.gc === undefined) throw new Error('Run it with --expose-gc.')
for (let count = 0; count < WARM_UP; count += 1) openAndClose()
const before = measure()
for (let count = 0; count < times; count += 1) openAndClose()
const after = measure()
http.close()
rmSync(stateDir, { recursive: true, force: true })
const bytesEach = Math.round((after.heap - before.heap) / times)
const descriptors = after.descriptors - before.descriptors
process.stdout.write(`${times} opened and closed: ${bytesEach} bytes each, ${descriptors} more descriptors\n`)
process.exitCode = bytesEach <= MOST_BYTES_EACH && descriptors <= 0 ? 0 : 1
