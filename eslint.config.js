import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/*
 * What a reviewer would otherwise have to say again and again. The directions of imports are dependency-cruiser's
 * (.dependency-cruiser.cjs), the layout of the text is prettier's.
 *
 * Options of `no-restricted-*` do not add up across configuration blocks: a later block replaces an earlier one's list.
 * Hence the named lists below, spread together for each part of the tree.
 */

const TESTS = ['test/**/*.ts', '**/*.spec.ts'];
const OUTSIDE_THE_PRODUCT = [...TESTS, 'benchmarks/**/*.ts', 'examples/**/*.ts'];
/** Runs in other people's processes, on their clock. */
const CLIENT = ['packages/client/src/**/*.ts'];

const CLOCK_MESSAGE =
  'Time comes from outside: take `now` or a Clock (src/shared/clock.ts). To measure a duration: performance.now().';
const ENVIRONMENT_MESSAGE = 'The environment is read and checked in src/config.ts alone.';
const FLOAT_MESSAGE = 'Amounts and quantities are decimals: parseDecimal (src/shared/decimal.ts). A JS number loses digits.';
const FORWARD_REF_MESSAGE =
  'Modules stand in a line; forwardRef hides a circle. Draw the back edge as a field resolver or a domain event.';

const noSystemClock = {
  syntax: [
    { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: CLOCK_MESSAGE },
    { selector: 'CallExpression[callee.name="Date"]', message: CLOCK_MESSAGE },
  ],
  properties: [
    { object: 'Date', property: 'now', message: CLOCK_MESSAGE },
    { object: 'Temporal', property: 'Now', message: CLOCK_MESSAGE },
  ],
};

const noFloats = {
  globals: [{ name: 'parseFloat', message: FLOAT_MESSAGE }],
  properties: [{ object: 'Number', property: 'parseFloat', message: FLOAT_MESSAGE }],
};

const noEnvironment = {
  syntax: [{ selector: 'ImportDeclaration[source.value=/^(node:)?process$/]', message: ENVIRONMENT_MESSAGE }],
  properties: [{ object: 'process', property: 'env', message: ENVIRONMENT_MESSAGE }],
};

const noForwardRef = [{ selector: 'ImportSpecifier[imported.name="forwardRef"]', message: FORWARD_REF_MESSAGE }];

const noOrganizationOfActor = [
  {
    selector:
      "CallExpression[callee.property.name=/^(transaction|read|rehearse|openSnapshot)$/] > MemberExpression.arguments:first-child[property.name='organizationId'][object.name='actor']",
    message: 'Open it for the actor: for their organization, one who is limited to some customers would see all.',
  },
];
const noDecimalToNumber = [{ selector: 'CallExpression[callee.property.name="toNumber"]', message: FLOAT_MESSAGE }];

const noSkippedTests = [
  {
    selector: 'MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(skip|only|todo|failing)$/]',
    message: 'A test runs, or it is not there.',
  },
  { selector: 'CallExpression[callee.name=/^(x|f)(describe|it|test)$/]', message: 'A test runs, or it is not there.' },
];

/** Domain code takes time and randomness as arguments; what has to be imported for them, dependency-cruiser refuses. */
const impureGlobals = ['process', 'performance', 'crypto', 'fetch', 'setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'domain/ is pure: what it needs from outside comes in as an argument.',
}));

export default defineConfig(
  { ignores: ['dist/', 'packages/*/dist/', 'coverage/', 'reports/', '.fluxrate/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },

  {
    files: ['**/*.{ts,js,cjs,mjs}'],
    rules: {
      'array-callback-return': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-await-in-loop': 'off', // The order of statements in a transaction is often the point.
      'no-constant-binary-expression': 'error',
      'no-constructor-return': 'error',
      'no-empty': 'error',
      'no-eval': 'error',
      'no-fallthrough': 'error',
      'no-implicit-coercion': 'error',
      'no-param-reassign': 'error',
      'no-promise-executor-return': 'error',
      'no-self-compare': 'error',
      'no-unreachable': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',
      'no-var': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      // Not `consistent-type-imports`: Nest reads the classes of constructor parameters from decorator metadata at run
      // time, and `import type` would erase them.
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-ignore': true, 'ts-nocheck': true, 'ts-expect-error': 'allow-with-description', minimumDescriptionLength: 10 },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      // A Nest module is a class without members (its decorator is what it is), and so is a token for injection.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowEmpty: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-globals': ['error', ...noFloats.globals],
      'no-restricted-properties': ['error', ...noSystemClock.properties, ...noFloats.properties, ...noEnvironment.properties],
      'no-restricted-syntax': ['error', ...noSystemClock.syntax, ...noEnvironment.syntax, ...noForwardRef],
    },
  },

  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/migrate-command.ts', '**/*.spec.ts'],
    rules: { 'no-console': 'error' },
  },

  {
    files: ['src/config.ts'],
    rules: {
      'no-restricted-properties': ['error', ...noSystemClock.properties, ...noFloats.properties],
      'no-restricted-syntax': ['error', ...noSystemClock.syntax, ...noForwardRef],
    },
  },
  {
    files: ['src/shared/clock.ts'],
    rules: {
      'no-restricted-properties': ['error', ...noFloats.properties, ...noEnvironment.properties],
      'no-restricted-syntax': ['error', ...noEnvironment.syntax, ...noForwardRef],
    },
  },
  {
    files: ['src/modules/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...noSystemClock.syntax,
        ...noEnvironment.syntax,
        ...noForwardRef,
        ...noDecimalToNumber,
        ...noOrganizationOfActor,
      ],
    },
  },
  {
    files: ['src/modules/*/domain/**/*.ts', 'src/shared/**/*.ts'],
    ignores: ['**/*.spec.ts', 'src/shared/clock.ts'],
    rules: {
      'no-restricted-globals': ['error', ...noFloats.globals, ...impureGlobals],
      'no-restricted-properties': [
        'error',
        ...noSystemClock.properties,
        ...noFloats.properties,
        ...noEnvironment.properties,
        { object: 'Math', property: 'random', message: 'domain/ is pure: randomness comes in as an argument.' },
      ],
    },
  },
  {
    // A migration's `up` is one flat list of statements, frozen once released; cutting it up would only hide the order.
    files: ['src/migrations/**/*.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },

  {
    files: CLIENT,
    rules: {
      'no-restricted-properties': ['error', ...noFloats.properties, ...noEnvironment.properties],
      'no-restricted-syntax': ['error', ...noForwardRef],
    },
  },

  {
    files: OUTSIDE_THE_PRODUCT,
    rules: {
      'no-restricted-properties': ['error', ...noSystemClock.properties, ...noFloats.properties],
      'no-restricted-syntax': ['error', ...noSystemClock.syntax, ...noForwardRef, ...noSkippedTests],
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
  {
    // `describe` is one function that holds a whole file of tests; the limit on the file is the one that counts.
    files: ['**/*.spec.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
