// A recorded terminal session → an SVG for the README: node scripts/screenshot.mjs RECORDING OUT.svg
// Record with: script -qc 'npm run demo' RECORDING
import { readFileSync, writeFileSync } from 'node:fs'

const [recording, out] = process.argv.slice(2)
const COLORS = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 36: '#79c0ff', 90: '#8b949e' }
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** What a terminal would show: a carriage return starts the line again. */
const lines = readFileSync(recording, 'utf8')
  .split(/\r?\n/)
  .map((line) => line.split('\r').at(-1).replaceAll('\u001b[2K', ''))
  .filter((line) => !line.startsWith('Script '))

const rows = lines.map((line, index) => {
  let style = ''
  const spans = line.split(/(\u001b\[[\d;]*m)/).map((part) => {
    const code = /\u001b\[(\d+)/.exec(part)?.[1]
    if (code === undefined) return part === '' ? '' : `<tspan ${style}>${escape(part)}</tspan>`
    if (COLORS[code] !== undefined) style = `fill="${COLORS[code]}"`
    else if (code === '1') style = 'font-weight="bold"'
    else if (code === '2') style = 'fill="#8b949e"'
    else style = ''
    return ''
  })
  return `<text x="16" y="${28 + index * 18}" xml:space="preserve">${spans.join('')}</text>`
})
const width = 32 + Math.max(...lines.map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, '').length)) * 7.83
const height = 32 + lines.length * 18

writeFileSync(
  out,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" fill="#e6edf3">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join('\n')}
</svg>
`,
)
