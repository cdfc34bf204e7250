// What every page does beyond links and forms. Without this script all of it works, only not by itself.

const { body } = document

/** A token that stands behind `#` never leaves the browser but in the form that it opens. */
function fillSignIn(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-sign-in]')
  const token = /^#(tajo_[\w-]+)$/.exec(location.hash)?.[1]
  if (form === null || token === undefined) return
  history.replaceState(null, '', location.pathname + location.search)
  form.querySelector<HTMLInputElement>('input[name=token]')!.value = token
  form.submit()
}

let isPaused = false
let isLost = false

/** Whether the page is up to date is told to whoever can't see that nothing moves. */
function showLost(lost: boolean): void {
  const notice = document.querySelector<HTMLElement>('#lost')
  if (notice === null || lost === isLost) return
  isLost = lost
  notice.textContent = lost ? body.dataset['lost']! : body.dataset['back']!
  notice.className = `notice ${lost ? 'bad' : 'good'}`
  notice.hidden = false
  if (!lost) setTimeout(() => (notice.hidden = !isLost), 5_000)
}

function followChanges(): void {
  // Whoever reads on, or writes into a form, is not disturbed.
  document.addEventListener('htmx:before:request', (event) => {
    if (isPaused && (event.target as Element).id === 'fresh') event.preventDefault()
  })
  body.addEventListener('signed-out', () => location.reload())
  for (const name of ['htmx:sse:error', 'htmx:sse:close'])
    document.addEventListener(name, () => showLost(true))
  document.addEventListener('htmx:sse:after:connection', (event) => {
    const { connection } = (event as CustomEvent<{ connection: { status: number; attempt: number } }>).detail
    if (connection.status === 401) location.reload()
    else if (connection.status === 200) {
      if (isLost) body.dispatchEvent(new CustomEvent('changed', { bubbles: true }))
      showLost(false)
    }
  })
}

function makePausable(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-pause]')
  if (button === null) return
  button.hidden = false
  button.addEventListener('click', () => {
    isPaused = !isPaused
    button.textContent = (isPaused ? button.dataset['resume'] : button.dataset['pause'])!
    button.setAttribute('aria-pressed', String(isPaused))
    if (!isPaused) body.dispatchEvent(new CustomEvent('changed', { bubbles: true }))
  })
}

const KEYS = 'tajo-keys'
const areKeysOn = (): boolean => localStorage.getItem(KEYS) !== 'off'

/** `/` finds; `g` and a letter goes. Not while somebody writes, and not where they were switched off (WCAG 2.1.4). */
function followKeys(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-keys]')
  const show = (): void => {
    if (button !== null)
      button.textContent = (areKeysOn() ? body.dataset['keysOff'] : body.dataset['keysOn'])!
  }
  if (button !== null) button.hidden = false
  button?.addEventListener('click', () => {
    localStorage.setItem(KEYS, areKeysOn() ? 'off' : 'on')
    show()
  })
  show()
  let isGoing = false
  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement
    const isWriting = target.closest('input, textarea, select, [contenteditable=true], .host') !== null
    if (!areKeysOn() || isWriting || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '/') {
      event.preventDefault()
      document.querySelector<HTMLElement>('[data-find]')?.focus()
    } else if (isGoing) document.querySelector<HTMLElement>(`[data-go="${CSS.escape(event.key)}"]`)?.click()
    isGoing = event.key === 'g'
  })
}

fillSignIn()
window.addEventListener('hashchange', fillSignIn)
followChanges()
makePausable()
followKeys()
