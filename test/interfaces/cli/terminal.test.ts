// What goes wrong is said without the addresses of people: a terminal's text is pasted into tickets.
import { afterEach, expect, it, jest } from '@jest/globals'

import { printError } from '../../../src/interfaces/cli/terminal/terminal.ts'
import { TajoError } from '../../../src/lib/errors.ts'

afterEach(() => {
  jest.restoreAllMocks()
})

it.each([
  new TajoError('usage', 'jane@example.com can not be read', {
    details: ['jane@example.com: refused'],
    hint: 'Ask jane@example.com',
  }),
  new Error('jane@example.com broke it'),
])('%s', (thrown) => {
  const said: string[] = []
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text))
    return true
  })

  printError(thrown)

  expect(said.join('')).toContain('j***@e***.com')
  expect(said.join('')).not.toContain('jane@example.com')
})
