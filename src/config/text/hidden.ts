// A connectors.yml that may be shown and written back: keys and passwords that stand in it by mistake are taken out, and put back in.
const NAMED =
  /(\b["']?[\w-]*(?:api[_-]?key|secret|password|passwd|token)[\w-]*["']?\s*:\s*["']?)([^\s"',}#][^"',}#\n]*)/gi
const BREVO_KEY = /()(xkeysib-[\w-]+)/gi
const IN_ADDRESS = /(:\/\/[^\s/@:]*:)([^\s/@]+)(?=@)/g
/** Whoever has it can write there. */
const SLACK = /(hooks\.slack\.com\/services\/)([\w/]+)/g

const PLACEHOLDER = /‹hidden-(\d+)›/g
/** `${SMTP_PASSWORD}` names a secret, and is none. */
const VARIABLE = /^\$\{\w+\}$/

export interface HiddenText {
  text: string
  secrets: string[]
}

/** `secret: abc` as `secret: ‹hidden-1›`: on the same line, so that lines keep their numbers. */
export function hideSecrets(text: string): HiddenText {
  const secrets: string[] = []
  const hide = (whole: string, before: string, secret: string): string =>
    VARIABLE.test(secret.trim()) || secret.startsWith('‹hidden-')
      ? whole
      : `${before}‹hidden-${secrets.push(secret)}›`
  const hidden = [BREVO_KEY, IN_ADDRESS, SLACK, NAMED].reduce((shown, one) => shown.replace(one, hide), text)
  return { text: hidden, secrets }
}

/** What no secret belongs to is left as it is. */
export const restoreSecrets = (text: string, secrets: readonly string[]): string =>
  text.replaceAll(PLACEHOLDER, (whole, number: string) => secrets[Number(number) - 1] ?? whole)
