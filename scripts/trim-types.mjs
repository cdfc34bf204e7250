// Declarations that nobody outside can name: of the some five hundred that tsc makes, those are kept which the SDK's own reaches.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const reached = new Set()
const follow = (file) => {
  if (reached.has(file)) return
  reached.add(file)
  for (const [, target] of readFileSync(join(dist, file), 'utf8').matchAll(
    /(?:from|import\()\s*['"](\.[^'"]+)['"]/g,
  ))
    follow(relative(dist, join(dist, dirname(file), target)).replace(/\.[jt]s$/, '.d.ts'))
}
follow('index.d.ts')

for (const file of readdirSync(dist, { recursive: true }))
  if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(join(dist, file))
removeEmpty(dist)

function removeEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name))
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true })
}
