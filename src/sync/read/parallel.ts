/** Runs them side by side and waits for all of them, then throws the first error: nothing is left running behind it. */
export async function runAll(actions: readonly (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(actions.map((action) => action()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
