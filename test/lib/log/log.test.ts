// No line of the log holds a person's address, a phone number or a key, whoever put it there.
import { spawnSync } from 'node:child_process'

import { expect, it } from '@jest/globals'

const source = (name: string): string =>
  JSON.stringify(new URL(`../../../src/lib/log/${name}.ts`, import.meta.url).href)

it.each([true, false])('readable: %s', (readable) => {
  const script = `
    import { createLog } from ${source('log')}
    import { createRedactor } from ${source('redact')}
    import { Secret } from ${source('secret')}
    const redactor = createRedactor({ showPersonal: false })
    redactor.hide(new Secret('a-key-that-is-secret'))
    const log = createLog({ level: 'info', readable: ${readable}, color: false, redactor })
    log.info('jane@example.com was refused', { contact: 'joe@example.com', phone: '+33612345678' })
    log.error('failed', { reason: 'no contact jane@example.com', path: '/x?key=a-key-that-is-secret' })`

  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  )

  expect(stdout).toBe('')
  expect(stderr.trim().split('\n')).toHaveLength(2)
  expect(stderr).toContain('j***@e***.com')
  expect(stderr).not.toMatch(/jane@|joe@|612345|a-key-that/)
})
