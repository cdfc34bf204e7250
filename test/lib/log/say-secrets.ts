// A program that lets the log say what it must not: node scripts/run.mjs test/lib/log/say-secrets.ts [readable]
import { createLog } from '../../../src/lib/log/log.ts'
import { createRedactor } from '../../../src/lib/log/redact.ts'
import { Secret } from '../../../src/lib/log/secret.ts'

const redactor = createRedactor({ showPersonal: false })
redactor.hide(new Secret('a-key-that-is-secret'))
const log = createLog({ level: 'info', readable: process.argv[2] === 'readable', color: false, redactor })
log.info('jane@example.com was refused', { contact: 'joe@example.com', phone: '+33612345678' })
log.error('failed', { reason: 'no contact jane@example.com', path: '/x?key=a-key-that-is-secret' })
