// The keys of the sandbox, as the environment holds them.
import { gorgiasSandbox } from '../../src/sandbox/gorgias/gorgias.ts'
import { SANDBOX_BREVO_KEY } from '../../src/sandbox/sandbox.ts'

export const SANDBOX_KEYS = {
  GORGIAS_EMAIL: gorgiasSandbox.keys['email']!,
  GORGIAS_API_KEY: gorgiasSandbox.keys['api_key']!,
  BREVO_API_KEY: SANDBOX_BREVO_KEY,
}
