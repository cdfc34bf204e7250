// No line of the log holds a person's address, a phone number or a key, whoever put it there.
import { spawnSync } from 'node:child_process'

import { expect, it } from '@jest/globals'

it.each(['readable', 'for machines'])('%s', (form) => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/run.mjs', 'test/lib/log/say-secrets.ts', form],
    { encoding: 'utf8' },
  )

  expect(stdout).toBe('')
  expect(stderr.trim().split('\n')).toHaveLength(2)
  expect(stderr).toContain('j***@e***.com')
  expect(stderr).not.toMatch(/jane@|joe@|612345|a-key-that/)
})
