/** An address that may be shown: `postgres://tajo:secret@host/db` as `postgres://tajo@host/db`. */
export const withoutPassword = (address: string): string =>
  address
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^:@/]*):[^@/]*@/i, '$1@')
    .replaceAll(/([?&]password=)[^&]*/gi, '$1…')

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '[::1]', '::ffff:127.0.0.1'])

/** Of a host or an IP: only this machine has it. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host)
