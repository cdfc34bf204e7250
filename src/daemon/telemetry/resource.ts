// Who tells: by OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, as every other program is named.
import type { Env } from '../../config/load.ts'
import { VERSION } from '../../lib/version.ts'

export function readResource(env: Env): Record<string, string> {
  const pairs = (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at === -1 ? [] : [[decode(pair.slice(0, at)), decode(pair.slice(at + 1))] as const]
  })
  const own = { 'service.name': 'tajo', 'service.version': VERSION, ...Object.fromEntries(pairs) }
  const name = env['OTEL_SERVICE_NAME']
  return name === undefined || name === '' ? own : { ...own, 'service.name': name }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return text.trim()
  }
}
