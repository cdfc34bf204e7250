// Changing connectors.yml touches the lines in question and nothing else.
import { describe, expect, it } from '@jest/globals'

import { newFile, withConnector, withImportList, withoutConnector } from '../../src/config/text/edit.ts'
import { parseConfig } from '../../src/config/load.ts'

const HAND_MADE = `# our settings
brevo:   # account of the shop
    base_url: 'https://api.brevo.com/v3'

field_mapping: { name:   FIRSTNAME }   # keep the spaces
connectors:
    gladly_notes: &n ignored
`

describe('a new file', () => {
  it('is valid and has the mapping of the documentation', () => {
    const config = parseConfig('c.yml', newFile('gorgias', { options: { domain: 'shop.gorgias.com' } }), {})

    expect(config.connectors[0]).toMatchObject({ account: 'shop.gorgias.com' })
    expect(Object.keys(config.connectors[0]!.rules.events)).toHaveLength(6)
  })
})

describe('adding a connector', () => {
  it('leaves every other byte as it was', () => {
    const edited = withConnector(HAND_MADE, 'gorgias', { options: { domain: 'shop.gorgias.com' } })

    expect(edited.startsWith(HAND_MADE)).toBe(true)
    expect(edited.slice(HAND_MADE.length)).toMatch(
      /^ {4}gorgias:\n {6}enabled: true\n {6}domain: "shop\.gorgias\.com"\n/,
    )
  })

  it.each(['', '# only a comment\n', 'brevo: {}', 'connectors:\n', 'connectors: {}\n'])(
    'to %j gives a valid file',
    (text) => {
      const edited = withConnector(text, 'gorgias', { options: { domain: 'shop.gorgias.com' } })

      expect(parseConfig('c.yml', edited, {}).connectors[0]!.account).toBe('shop.gorgias.com')
    },
  )
})

describe('a connector that is there', () => {
  const file = `connectors:\n  gorgias:\n    # the old shop\n    domain: old.gorgias.com   # moved\n    debug: true\n`

  it('only gets its addresses changed', () => {
    const edited = withConnector(file, 'gorgias', { options: { domain: 'new.gorgias.com' } })

    expect(edited).toBe(file.replace('old.gorgias.com', '"new.gorgias.com"'))
  })

  it('gets an address that it did not have', () => {
    const edited = withConnector(file, 'gorgias', {
      options: { base_url: 'http://127.0.0.1:1/api' },
      brevoBaseUrl: 'http://127.0.0.1:2/v3',
    })

    const config = parseConfig('c.yml', edited, {})
    expect(config.brevo.baseUrl).toBe('http://127.0.0.1:2/v3')
    expect(config.connectors[0]!.options['base_url']).toBe('http://127.0.0.1:1/api')
    expect(edited).toContain('    # the old shop\n')
  })

  it('can be removed, and the rest stays', () => {
    expect(withoutConnector(`# top\n${file}# end\n`, 'gorgias')).toBe('# top\nconnectors: {}\n# end\n')
  })
})

describe('the import list', () => {
  const REST = 'connectors:\n  gorgias: { domain: shop.gorgias.com }\n'

  it.each([
    ['', 'brevo:\n  import_list: 50\n'],
    ['brevo:\n', 'brevo:\n  import_list: 50\n'],
    ['brevo: {}\n', 'brevo: { import_list: 50 }\n'],
    [
      'brevo: { base_url: "https://a.example/v3" }\n',
      'brevo: { import_list: 50, base_url: "https://a.example/v3" }\n',
    ],
    [
      'brevo:\n   base_url: "https://a.example/v3" # odd\n',
      'brevo:\n   import_list: 50\n   base_url: "https://a.example/v3" # odd\n',
    ],
  ])('goes where it belongs, however the file is written: %j', (before, after) => {
    const edited = withImportList(`${before}${REST}`, 50)

    expect(edited).toBe(before === '' ? `${REST}${after}` : `${after}${REST}`)
    expect(parseConfig('c.yml', edited, {}).brevo.importList).toBe(50)
  })
})
