// The wall clock is set: what was planned stays as far away as it was.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

import { fromMs } from '../../src/model/time.ts'
import { openStore } from '../../src/state/store.ts'

const HOUR = fromMs(3_600_000)
const NOW = fromMs(Date.parse('2026-03-01T12:00:00Z'))

it.each([
  ['forward', 30 * HOUR],
  ['back', -30 * HOUR],
])('%s', (_, by) => {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-jump-'))
  const store = openStore(directory)
  try {
    store.outboxContacts.mark('a@example.com', 'live')
    const [due] = store.outboxContacts.due(NOW, null, 'background', 1)
    store.outboxContacts.postpone(due!, NOW + HOUR)
    store.deadLetters.put('contact', 'b@example.com', 'why', NOW)
    const before = store.deadLetters.find('contact', 'b@example.com')!.retry_at!

    store.backlog.shiftDue(by)

    expect(store.backlog.nextDueAfter(0)).toBe(NOW + HOUR + by)
    expect(store.deadLetters.find('contact', 'b@example.com')!.retry_at).toBe(before + by)
  } finally {
    store.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
