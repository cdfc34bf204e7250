// JSON whose whole numbers are kept as they are written: those that JavaScript can't hold exactly become text.

/** A text, or a number; whatever stands in a text is none. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g
const WHOLE = /^-?[1-9]\d{15,}$/

/** Throws SyntaxError, as JSON.parse does. */
export function parseExactly(text: string): unknown {
  return JSON.parse(/\d{16}/.test(text) ? text.replace(TOKEN, quoteLong) : text)
}

function quoteLong(token: string): string {
  return WHOLE.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token
}
