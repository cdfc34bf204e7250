// The frame around every page.
import { VERSION } from '../../lib/version.ts'
import type { Assets } from './assets.ts'
import { type Html, html, type Shown, when } from './html.ts'
import { type Language, LANGUAGE_NAMES } from './texts/words.ts'
import { type Look, THEMES, type Visit } from './visit.ts'

/** In the order of the navigation; the key with `g` before it goes there. */
export const PAGES = [
  { path: '', name: 'health', key: 'h' },
  { path: '/person', name: 'person', key: 'p' },
  { path: '/mapping', name: 'mapping', key: 'm' },
  { path: '/live', name: 'live', key: 'l' },
  { path: '/set-aside', name: 'set_aside', key: 's' },
  { path: '/campaigns', name: 'campaigns', key: 'c' },
  { path: '/runs', name: 'runs', key: 'r' },
] as const
export type PageName = (typeof PAGES)[number]['name']

export interface Content {
  title: string
  body: Shown
  /** Scripts besides the one that every page has. */
  scripts?: readonly string[]
  /** Where there are no scripts, it asks for itself again. */
  renews?: boolean
}

export function frame(visit: Visit, assets: Assets, current: PageName | null, content: Content): Html {
  const { words, site, session } = visit
  const nav = PAGES.map(
    ({ path, name, key }) =>
      html`<li>
        <a href="${site.base}/console${path}" data-go="${key}" ${when(name === current, 'aria-current=page')}
          >${words.of('nav', name)}</a
        >
      </li>`,
  )
  return page(
    visit,
    assets,
    content,
    html`<a class="skip" href="#main">${words.t('skip')}</a>
      <header>
        <p class="brand"><a href="${site.base}/console">tajo</a></p>
        <nav aria-label="${words.t('nav.label')}">
          <ul>
            ${nav}
          </ul>
        </nav>
        <form method="post" action="${site.base}/console/person" role="search" class="find">
          <label class="unseen" for="find">${words.t('find.label')}</label>
          <input
            id="find"
            name="email"
            type="email"
            required
            autocomplete="off"
            placeholder="${words.t('find.placeholder')}"
            data-find
          />
          <button>${words.t('find.button')}</button>
        </form>
      </header>
      <p id="lost" class="notice bad" role="status" hidden>${words.t('lost')}</p>
      <main id="main" tabindex="-1">
        <h1>${content.title}</h1>
        ${content.body}
      </main>
      <footer>
        <form method="post" action="${site.base}/console/sign-out">
          <p>
            ${words.t('signed_in', { name: session.name, role: words.of('role', session.role) })}
            <button>${words.t('sign_out')}</button>
          </p>
        </form>
        ${choices(visit)}
        <p>
          ${words.t('footer', { zone: new Intl.DateTimeFormat().resolvedOptions().timeZone, version: VERSION })}
        </p>
        <p>${words.t('keys')} <button type="button" data-keys hidden></button></p>
      </footer>`,
  )
}

/** Language and theme: forms, so that they work without a script, and cookies, so that nothing flashes. */
export function choices({ words, site, theme, path }: Look): Html {
  const languages = Object.entries(LANGUAGE_NAMES).map(
    ([language, name]) =>
      html`<button
        name="language"
        value="${language}"
        lang="${language}"
        aria-pressed="${String(language === words.language)}"
      >
        ${name}
      </button>`,
  )
  const themes = THEMES.map(
    (one) =>
      html`<button name="theme" value="${one}" aria-pressed="${String(one === theme)}">
        ${words.of('theme', one)}
      </button>`,
  )
  return html`<form method="post" action="${site.base}/console/choice" class="choices">
    <input type="hidden" name="back" value="${path}" />
    <fieldset>
      <legend>${words.t('language')}</legend>
      ${languages}
    </fieldset>
    <fieldset>
      <legend>${words.t('theme')}</legend>
      ${themes}
    </fieldset>
  </form>`
}

/** `body`: all that stands in it. */
export function page(
  look: Look,
  assets: Assets,
  { title, scripts = [], renews = false }: Content,
  body: Html,
): Html {
  const { words, theme, site } = look
  const file = (name: string): string => `${site.base}/console/assets/${assets.addressOf(name)}`
  return html`<!doctype html>
    <html
      lang="${words.language satisfies Language}"
      ${theme === 'auto' ? null : html` data-theme="${theme}"`}
    >
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          name="htmx-config"
          content='{"includeIndicatorCSS":false,"extensions":"sse","morphIgnore":["data-htmx-powered","open"],"history":false}'
        />
        <title>${title} · tajo</title>
        <link rel="stylesheet" href="${file('console.css')}" />
        <link rel="icon" href="${file('icon.svg')}" />
        ${renews ? html`<noscript><meta http-equiv="refresh" content="30" /></noscript>` : null}
        ${['htmx.js', 'console.js', ...scripts].map((name) => html`<script src="${file(name)}" defer></script>`)}
      </head>
      <body
        data-lost="${words.t('lost')}"
        data-back="${words.t('back')}"
        data-keys-on="${words.t('keys.on')}"
        data-keys-off="${words.t('keys.off')}"
      >
        ${body}
      </body>
    </html>`
}
