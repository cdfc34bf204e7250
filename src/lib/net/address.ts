/** An address that may be shown: `postgres://tajo:secret@host/db` as `postgres://tajo@host/db`. */
export const withoutPassword = (address: string): string =>
  address
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^:@/]*):[^@/]*@/i, '$1@')
    .replaceAll(/([?&]password=)[^&]*/gi, '$1…')
