// The documentation as a site: docs/ as it stands, with search and links that are checked. Nothing is loaded from elsewhere.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const own = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url))
const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const titleOf = (file) => /^# (.+)$/m.exec(readFileSync(`${docs}${file}`, 'utf8'))?.[1] ?? file
const item = (file) => ({ text: titleOf(file), link: `/${file.replace(/\.md$/, '')}` })
const errors = (folder) =>
  readdirSync(`${docs}${folder}errors`)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => ({
      text: name.replace(/\.md$/, ''),
      link: `/${folder}errors/${name.replace(/\.md$/, '')}`,
    }))

/** What a marketer reads, which there is in three languages. */
const path = (folder, text, errorsText) => [
  { text, items: ['changing.md', 'definitions.md', 'campaigns.md'].map((file) => item(`${folder}${file}`)) },
  { text: errorsText, collapsed: true, link: `/${folder}errors/README`, items: errors(folder) },
]

const REST = {
  'Install and run': [
    'install.md',
    'console.md',
    'operations.md',
    'webhooks.md',
    'extract.md',
    'assistant.md',
  ],
  Helpdesks: ['helpdesks.md', 'intercom.md', 'gladly.md'],
  Reference: ['configuration.md', 'json.md', 'tables.md', 'metrics.md', 'sdk.md'],
  'Why, and how well': [
    'guarantees.md',
    'performance.md',
    'architecture.md',
    'add-a-source.md',
    'dependencies.md',
  ],
}

const search = (button) => ({ translations: { button: { buttonText: button, buttonAriaLabel: button } } })

export default defineConfig({
  srcDir: '../docs',
  outDir: '../dist-site',
  title: 'tajo',
  description: 'Keeps a helpdesk and Brevo in step',
  // Pages stand outside this folder, what they are built with inside it.
  vite: {
    resolve: {
      alias: [
        { find: /^vue$/, replacement: own('vue/dist/vue.runtime.esm-bundler.js') },
        { find: /^vue\/server-renderer$/, replacement: own('vue/server-renderer/index.mjs') },
      ],
    },
  },
  cleanUrls: true,
  lastUpdated: false,
  // Files outside docs/ are read in the repository.
  ignoreDeadLinks: [/\.\.\/(?:\.\.\/)?(?:README|CONTRIBUTING|examples|src|test|schema)/],
  locales: {
    root: { label: 'English', lang: 'en' },
    de: {
      label: 'Deutsch',
      lang: 'de',
      themeConfig: {
        sidebar: path('de/', 'Für das Marketing', 'Meldungen'),
        outline: { label: 'Auf dieser Seite' },
      },
    },
    nl: {
      label: 'Nederlands',
      lang: 'nl',
      themeConfig: {
        sidebar: path('nl/', 'Voor marketing', 'Meldingen'),
        outline: { label: 'Op deze pagina' },
      },
    },
  },
  themeConfig: {
    // Not every page is there in each language.
    i18nRouting: false,
    search: { provider: 'local', options: { locales: { de: search('Suchen'), nl: search('Zoeken') } } },
    sidebar: [
      ...path('', 'For marketers', 'Messages'),
      ...Object.entries(REST).map(([text, files]) => ({ text, items: files.map((file) => item(file)) })),
      {
        text: 'Decisions',
        collapsed: true,
        items: readdirSync(`${docs}decisions`).map((name) => item(`decisions/${name}`)),
      },
    ],
  },
})
