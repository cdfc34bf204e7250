// Puts what dist/brevo/sdk.js imports of @getbrevo/brevo into that file: 582 modules become the few that are called.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const file = fileURLToPath(new URL('../dist/brevo/sdk.js', import.meta.url))
await build({
  entryPoints: [file],
  outfile: file,
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
})
