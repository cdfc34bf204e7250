// What an editor changes through the console, and that it is written down.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../../src/config/load.ts'
import { toSetAsideKey } from '../../../src/model/set-aside.ts'
import type { Store } from '../../../src/state/store.ts'
import { isPaused } from '../../../src/sync/campaigns/switch.ts'
import { type Answer, openConsole, type OpenConsole } from '../../support/console.ts'
import { openVirtualShop, type VirtualShop } from '../../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

const CAMPAIGN = 'campaigns: { thanks: { on: ticket.closed } }\n'

interface Open {
  console: OpenConsole
  store: Store
  post(path: string, form: Record<string, string> | URLSearchParams): Promise<Answer>
  look(path: string): Promise<string>
}

async function within(act: (open: Open) => Promise<void>): Promise<void> {
  await shop.open(async ({ store }) => {
    const console = await openConsole(store, parseConfig('connectors.yml', shop.yaml() + CAMPAIGN, {}))
    const headers = await console.signIn('editor')
    try {
      await act({
        console,
        store,
        post: (path, form) => console.ask(`/console${path}`, { form, headers }),
        look: async (path) => (await console.ask(`/console${path}`, { headers })).text,
      })
    } finally {
      await console.close()
    }
  })
}

describe('what was set aside', () => {
  const put = (store: Store): void =>
    store.transaction(() => {
      for (const number of ['4711', '4712', '4713'])
        store.deadLetters.put(
          'record',
          toSetAsideKey('gorgias', 'tickets', number),
          `Ticket ${number} can not be read.`,
          1,
        )
      store.deadLetters.put('contact', 'ann@example.com', 'Brevo refused ann@example.com.', 1)
      store.deadLetters.put('record', toSetAsideKey('gorgias', 'customers', ''), 'A customer has no id.', 1)
    })
  const idsIn = (text: string): string[] =>
    [...text.matchAll(/name="id"\s+value="(\w+)"/g)].map(([, id]) => id!)
  const chosen = (text: string): URLSearchParams =>
    new URLSearchParams(idsIn(text).map((id): [string, string] => ['id', id]))

  it('stands together by its reason, and is tried again or given up as it is chosen', async () => {
    await within(async ({ store, post, look }) => {
      put(store)
      const page = await look('/set-aside')
      expect(idsIn(page)).toHaveLength(5)
      const reason = /name="reason"\s+value="(record: Ticket[^"]+)"/.exec(page)![1]!
      await post('/set-aside/drop', { reason })
      expect(
        store.deadLetters
          .list()
          .map(({ kind }) => kind)
          .toSorted(),
      ).toEqual(['contact', 'record'])

      const answer = await post('/set-aside/retry', chosen(await look('/set-aside')))
      expect(store.outboxContacts.due(1, null, 'live', 10)).toHaveLength(1)
      const after = await look(String(answer.headers['location']).replace('/console', ''))
      // The one without an id can't be asked for singly.
      expect(after).toContain('One of them can’t be tried again by hand')
    })
  })

  it('is written down with who did it, and without anybody’s address', async () => {
    await within(async ({ console, store, post, look }) => {
      put(store)
      await post('/set-aside/retry', chosen(await look('/set-aside')))
      const [entry] = store.consoleLog.last(1)
      expect(entry).toMatchObject({
        who: 'Ann',
        action: 'letters.retry',
        what: expect.stringMatching(/^(?:\w{8} ?){5}$/),
      })
      expect(JSON.stringify(store.consoleLog.last(10))).not.toContain('@')
      expect(console.logged.join('\n')).not.toContain('ann@')
      expect(await look('/runs')).toContain('tried again')
    })
  })
})

it('a campaign is paused, and goes on; one that there is not is left alone', async () => {
  await within(async ({ store, post, look }) => {
    await post('/campaigns/pause', { campaign: 'thanks' })
    expect(isPaused(store, 'thanks')).toBe(true)
    expect(await look('/campaigns')).toContain('action="/console/campaigns/resume"')
    await post('/campaigns/resume', { campaign: 'thanks' })
    expect(isPaused(store, 'thanks')).toBe(false)
    await post('/campaigns/pause', { campaign: 'another' })
    expect(isPaused(store, 'another')).toBe(false)
    expect(store.consoleLog.last(10).map(({ action }) => action)).toEqual([
      'campaign.resume',
      'campaign.pause',
      'sign_in',
    ])
  })
})

it('a run is asked for, with the removals that a guard holds only where that was asked', async () => {
  await within(async ({ console, post }) => {
    await post('/health/sync', { connector: 'gorgias' })
    await post('/health/accept-removals', { connector: 'gorgias' })
    expect((await post('/health/sync', { connector: 'nobody' })).status).toBe(400)
    expect(console.synced).toEqual([
      { connector: 'gorgias', acceptRemovals: false },
      { connector: 'gorgias', acceptRemovals: true },
    ])
  })
})
