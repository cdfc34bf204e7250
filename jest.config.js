// Jest in ESM mode; @swc/jest only strips types (tsc checks them).
import { availableParallelism } from 'node:os'

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/utc.mjs',
  setupFiles: ['<rootDir>/test/support/seeds.mjs'],
  workerIdleMemoryLimit: '1GB',
  // More than there are cores: many tests wait for other processes, or for an answer that comes late.
  maxWorkers: availableParallelism() + 3,
  testTimeout: 30_000,
}
