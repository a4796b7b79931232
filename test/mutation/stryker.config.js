/**
 * Mutation testing of the pure code (`npm run test:mutation`): Stryker changes it in every way it knows, one small change at a
 * time, and each change has to make a spec fail. The specs are those of domain/ and src/shared, and the properties that need no
 * database, with few runs. test/mutation/runner.js says how they run; report.js reads the outcome.
 */
export default {
  testRunner: 'specs-in-process',
  plugins: [import.meta.resolve('./runner.js'), import.meta.resolve('./ignored-messages.js')],
  ignorers: ['messages'],
  testRunnerNodeArgs: ['--import', import.meta.resolve('./register-hooks.js')],
  mutate: (process.env.MUTATE ?? 'src/modules/*/domain/**/*.ts,src/shared/*.ts').split(',').concat('!**/*.spec.ts'),
  coverageAnalysis: 'perTest',
  concurrency: Number(process.env.MUTATION_CONCURRENCY ?? 2),
  // A loop that a mutant makes endless is counted out; the clock is for what counting does not see, on a busy machine too.
  timeoutMS: 60_000,
  ignorePatterns: ['*', '!src', '!src/**', '!test', '!test/**', '!.swcrc', '!package.json'],
  tempDirName: 'reports/mutation-sandbox',
  reporters: ['json'],
  jsonReporter: { fileName: 'reports/mutation.json' },
  allowConsoleColors: false,
};
