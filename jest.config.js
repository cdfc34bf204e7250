// Jest in ESM mode; @swc/jest only strips types (tsc checks them).
export default {
  testEnvironment: '<rootDir>/test/support/environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/utc.mjs',
  workerIdleMemoryLimit: '512MB',
  // As many as there are cores: most of the time is waiting for processes and for each other.
  maxWorkers: '100%',
  testTimeout: 30_000,
}
