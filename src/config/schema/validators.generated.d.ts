import type { ValidateFunction } from 'ajv'

/** connectors.yml without the blocks of its connectors. */
export const connectors: ValidateFunction
export const tests: ValidateFunction
