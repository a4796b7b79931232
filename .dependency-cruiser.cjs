/**
 * Which file may know which (docs/architecture.md). Each rule says why it is there; `npm run depcruise` checks them all.
 * Paths are those of the repository, `$1` is the module the importing file is in.
 */

/** The line of modules: each knows only those to its left. A new module is entered here, at its place. */
const LINE = ['organizations', 'customers', 'metering', 'catalog', 'subscriptions', 'entitlements', 'invoicing', 'notifications'];

const SPEC = '[.]spec[.]ts$';
const COMPOSITION_ROOT = '^src/(main|app[.]module|create-app|migrate|migrate-command|data-source|emit-schema)[.]ts$';

/** Arithmetic and dates of our own precision and calendar; see src/shared. */
const VALUE_PACKAGES = 'node_modules/(decimal[.]js|temporal-polyfill)/';
const FRAMEWORKS = 'node_modules/(@nestjs|@apollo|@as-integrations|typeorm|graphql|pg|fastify|rxjs)/';

const moduleLine = LINE.slice(0, -1).map((name, place) => ({
  name: `line-${name}`,
  comment:
    `${name} stands left of ${LINE.slice(place + 1).join(', ')} and must not know them: a back edge would tie two modules into one. ` +
    'Draw it otherwise: a field resolver, a foreign key or a listener in the module to the right.',
  severity: 'error',
  from: { path: `^src/modules/${name}/` },
  to: { path: `^src/modules/(${LINE.slice(place + 1).join('|')})/` },
}));

const layers = [
  {
    name: 'module-in-line',
    comment: 'A folder of src/modules that the line does not name has no place yet, so no rule would watch over it.',
    severity: 'error',
    from: { path: '^src/modules/', pathNot: `^src/modules/(${LINE.join('|')})/` },
    to: {},
  },
  {
    name: 'shared-knows-only-shared',
    comment: 'src/shared is the left end of the line: everything may import it because it imports nothing of ours.',
    severity: 'error',
    from: { path: '^src/shared/' },
    to: { path: '^(src/|ormconfig[.]ts$)', pathNot: '^src/shared/' },
  },
  {
    name: 'shared-without-frameworks',
    comment: 'domain/ is pure and may import src/shared, so a framework in there would reach the domain by the back door.',
    severity: 'error',
    from: { path: '^src/shared/', pathNot: SPEC },
    to: { path: FRAMEWORKS },
  },
  {
    name: 'platform-without-business',
    comment:
      'src/platform is plumbing without business words: it must serve any module, so it knows only shared and the configuration.',
    severity: 'error',
    from: { path: '^src/platform/' },
    to: { path: '^(src/|ormconfig[.]ts$)', pathNot: ['^src/(shared|platform)/', '^src/config[.]ts$'] },
  },
  {
    name: 'config-is-a-leaf',
    comment: 'The configuration is read before anything else exists; it may use shared words only.',
    severity: 'error',
    from: { path: '^src/config[.]ts$' },
    to: { path: '^src/', pathNot: '^src/shared/' },
  },
  {
    name: 'nothing-knows-the-composition-root',
    comment: 'main, app.module and emit-schema put the parts together; a part that imports them is tied to all others.',
    severity: 'error',
    from: { path: '^src/', pathNot: COMPOSITION_ROOT },
    to: { path: COMPOSITION_ROOT },
  },
  {
    name: 'migrations-stand-alone',
    comment: 'A released migration is history: were it to import living code, changing that code would change the past.',
    severity: 'error',
    from: { path: '^src/migrations/', pathNot: SPEC },
    to: { path: '^src/', pathNot: '^src/migrations/' },
  },
];

const faces = [
  {
    name: 'through-the-public-face',
    comment:
      'Another module is used through its index.ts (from pure code: domain/index.ts); what lies behind it stays free to change. ' +
      'Within its own module a file imports directly.',
    severity: 'error',
    from: { path: '^src/modules/([^/]+)/' },
    to: { path: '^src/modules/', pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/(domain/)?index[.]ts$'] },
  },
  {
    name: 'composed-through-the-public-face',
    comment: 'The composition root, too, takes from a module only what its index.ts shows.',
    severity: 'error',
    from: { path: '^(src/|ormconfig[.]ts$)', pathNot: '^src/modules/' },
    to: { path: '^src/modules/', pathNot: '^src/modules/[^/]+/index[.]ts$' },
  },
  {
    name: 'domain-face-for-domain-only',
    comment: "domain/index.ts is the door for another module's pure code; services, resolvers and queries use index.ts.",
    severity: 'error',
    from: { path: '^src/modules/([^/]+)/', pathNot: '^src/modules/[^/]+/domain/' },
    to: { path: '^src/modules/[^/]+/domain/', pathNot: '^src/modules/$1/' },
  },
];

const purity = [
  {
    name: 'domain-knows-only-domain',
    comment: 'Pure code rests on pure code: its own domain/, src/shared and the domain/index.ts of modules to its left.',
    severity: 'error',
    from: { path: '^src/modules/([^/]+)/domain/' },
    to: { path: '^src/', pathNot: ['^src/shared/', '^src/modules/$1/domain/', '^src/modules/[^/]+/domain/index[.]ts$'] },
  },
  {
    name: 'domain-without-packages',
    comment:
      'No Nest, TypeORM, GraphQL, pg or Node module in domain/: the same input gives the same invoice, provable without a database. ' +
      'Decimals and calendar come from src/shared.',
    severity: 'error',
    from: { path: '^src/modules/[^/]+/domain/', pathNot: SPEC },
    to: { pathNot: '^src/' },
  },
  {
    name: 'domain-takes-now',
    comment: 'Domain functions take `now` as an argument; a Clock in there would make their result depend on when they run.',
    severity: 'error',
    from: { path: '^src/modules/[^/]+/domain/' },
    to: { path: '^src/shared/clock[.]ts$' },
  },
  {
    name: 'values-through-shared',
    comment:
      'decimal.js at its default precision of 20 digits would round sums; src/shared wraps it, and the calendar, once for all.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/shared/', SPEC] },
    to: { path: VALUE_PACKAGES },
  },
];

const hygiene = [
  {
    name: 'no-circular',
    comment: 'A circle has no first file: ES modules load it half-initialised, and none of its parts can be understood alone.',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'product-without-tests',
    comment: 'test/, benchmarks/ and examples/ use the product; the image that is shipped does not contain them.',
    severity: 'error',
    from: { path: '^(src/|ormconfig[.]ts$)' },
    to: { path: '^(test|benchmarks|examples)/' },
  },
  {
    name: 'product-without-specs',
    comment: 'A spec file is run by jest and left out of the build; an import of it would fail in production.',
    severity: 'error',
    from: {},
    to: { path: SPEC },
  },
  {
    name: 'no-dev-dependency',
    comment: 'The image is installed with `npm ci --omit=dev`: what the product imports has to be in "dependencies".',
    severity: 'error',
    from: { path: '^(src/|ormconfig[.]ts$)', pathNot: SPEC },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
  },
  {
    name: 'no-undeclared-dependency',
    comment: 'A package that package.json does not name is there by accident and can go with any update.',
    severity: 'error',
    from: { path: '^(src/|ormconfig[.]ts$)' },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-unresolvable',
    comment: 'An import that leads nowhere fails at the first start.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-orphans',
    comment: 'A file that neither imports nor is imported is dead: delete it, or enter it here as an entry point.',
    severity: 'error',
    from: {
      orphan: true,
      pathNot: ['^src/(main|emit-schema)[.]ts$', '^src/graphiql/page[.]js$', '^src/migrations/', '^ormconfig[.]ts$', SPEC],
    },
    to: {},
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [...moduleLine, ...layers, ...faces, ...purity, ...hygiene],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types count: knowing a module's types is knowing the module.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      // An import ends in `.js`, as ES modules want it; dependency-cruiser looks for the `.ts` file behind it by itself.
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.d.ts'],
    },
  },
};
