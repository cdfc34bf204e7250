// Packages that few need: each is loaded when something names it, and need not be there otherwise.
import { TajoError } from './errors.ts'

export async function loadPackage<T>(name: string, what: string, load: () => Promise<unknown>): Promise<T> {
  try {
    return (await load()) as T
  } catch (thrown) {
    const code = (thrown as { code?: unknown } | null)?.code
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw thrown
    throw new TajoError('package_missing', `${what} need the package ${name}, which is not installed.`, {
      hint: `Install it beside tajo: npm install ${name} (with -g where tajo is installed so)`,
      cause: thrown,
    })
  }
}
