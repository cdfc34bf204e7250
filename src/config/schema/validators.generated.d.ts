import type { ValidateFunction } from 'ajv'

export const connectors: ValidateFunction
export const tests: ValidateFunction
