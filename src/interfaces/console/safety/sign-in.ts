// The way in: a token that a person was given, for a cookie that the browser keeps.
import type { Assets } from '../assets.ts'
import { type Html, html } from '../html.ts'
import { choices, page } from '../layout.ts'
import type { Look } from '../visit.ts'

export type SignInTrouble = 'wrong' | 'too_often' | 'ended'

/** `back`: where somebody wanted to go. */
export function signInPage(
  look: Look,
  assets: Assets,
  { back, trouble, waitMs = 0 }: { back: string; trouble: SignInTrouble | null; waitMs?: number },
): Html {
  const { words, site } = look
  const notice =
    trouble === null
      ? null
      : html`<p class="notice bad" role="alert">
          ${words.t(`sign_in.${trouble}`, { time: words.duration(waitMs) })}
        </p>`
  return page(
    look,
    assets,
    { title: words.t('sign_in.title'), body: null },
    html`<main id="main" class="narrow">
      <h1>tajo</h1>
      ${notice}
      <form method="post" action="${site.base}/console/sign-in" class="card" data-sign-in>
        <input type="hidden" name="back" value="${back}" />
        <label for="token">${words.t('sign_in.token')}</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autocomplete="off"
          spellcheck="false"
          autofocus
        />
        <button>${words.t('sign_in.button')}</button>
        <p class="hint">${words.t('sign_in.hint')} <code>tajo console token</code></p>
      </form>
      ${choices(look)}
    </main>`,
  )
}

/** A page within the console, and nowhere else. */
export const toOwnPath = (path: string | null): string =>
  path !== null && /^\/console(?:[/?#][^\s\\]*)?$/.test(path) && !path.includes('//') ? path : '/console'
