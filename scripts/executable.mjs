// What tsc leaves to be done: dist/cli.js is made executable, as npm would on install, and what is generated goes along.
import { chmodSync, copyFileSync } from 'node:fs'

const at = (path) => new URL(`../${path}`, import.meta.url)
chmodSync(at('dist/cli.js'), 0o755)
copyFileSync(at('src/config/validators.generated.js'), at('dist/config/validators.generated.js'))
