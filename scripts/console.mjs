// What pages of the console load → dist/console/: the stylesheet, the scripts of every page, the editor of the mapping page.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const from = 'src/interfaces/console/assets'
mkdirSync(at('dist/console'), { recursive: true })

const { metafile } = await build({
  entryPoints: ['console.css', 'console.ts', 'editor.ts'].map((name) => at(`${from}/${name}`)),
  outdir: at('dist/console'),
  bundle: true,
  minify: true,
  format: 'iife',
  // Those that know light-dark(), by which a colour is said once for both themes.
  target: ['chrome123', 'firefox120', 'safari17.5'],
  legalComments: 'none',
  metafile: true,
  absWorkingDir: at('.'),
  logLevel: 'warning',
})
// As they are published: small already, and the same for whoever compares them. The one goes on where the other has begun.
const htmx = ['htmx.min.js', 'ext/hx-sse.min.js'].map((file) =>
  readFileSync(at(`node_modules/htmx.org/dist/${file}`), 'utf8').replace(
    /\n?\/\/# sourceMappingURL=.*\n?$/,
    '',
  ),
)
writeFileSync(at('dist/console/htmx.js'), `${htmx.join('\n;')}\n`)
writeFileSync(at('dist/console/icon.svg'), readFileSync(at(`${from}/icon.svg`)))

/** Files of packages that stand in what browsers load, for their licences. */
export const inputs = [...Object.keys(metafile.inputs), 'node_modules/htmx.org/dist/htmx.min.js']
