// The arrows of docs/architecture.md as failing rules. `npm run check:arrows` runs them.
const leaves = '^src/(audio|streams|time)/';

/** One layer of the core: may import itself and what stands to its right. */
const layer = (name, ...allowed) => ({
  name: `core-${name}-points-right`,
  severity: 'error',
  comment: `src/${name} may import: ${allowed.join(', ')}`,
  from: { path: `^src/${name}/` },
  to: { path: '^(src|adapters|protocol)/', pathNot: `^src/(${[name, ...allowed].join('|')})/` },
});
const shared = ['ports', 'audio', 'streams', 'time'];

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'protocol-is-a-leaf',
      severity: 'error',
      comment: 'protocol/ holds schemas and types and imports zod alone.',
      from: { path: '^protocol/([^/]+)/' },
      to: { pathNot: ['^protocol/$1/', '^node_modules/zod/'] },
    },
    layer(
      'server',
      'recording',
      'webhooks',
      'gate',
      'routing',
      'call',
      'turn',
      'tools',
      'spend',
      ...shared,
    ),
    layer('cli', 'recording', 'ports', 'audio', 'streams', 'time'),
    layer('recording', 'call', 'gate', ...shared),
    layer('webhooks', 'recording', ...shared),
    layer('routing', 'call', 'turn', 'tools', ...shared),
    layer('call', 'gate', 'turn', 'tools', 'echo', 'spend', ...shared),
    layer('spend', 'ports', 'time'),
    layer('turn', ...shared),
    layer('gate', 'ports'),
    layer('tools', ...shared),
    layer('ports', 'audio', 'streams', 'time'),
    layer('echo', 'audio', 'time'),
    layer('audio'),
    layer('streams'),
    layer('time'),
    {
      name: 'turn-logic-is-pure',
      severity: 'error',
      comment: 'Turn rules import no package and nothing of Node: they replay exactly.',
      from: { path: '^src/turn/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      name: 'adapters-see-ports-leaves-and-protocol',
      severity: 'error',
      from: { path: '^adapters/' },
      to: { path: '^src/', pathNot: ['^src/ports/', leaves] },
    },
    {
      name: 'adapters-are-independent',
      severity: 'error',
      from: { path: '^adapters/([^/]+)/([^/]+)/' },
      to: { path: '^adapters/', pathNot: '^adapters/($1/$2|shared|inference)/' },
    },
    {
      name: 'inference-serves-model-backends-alone',
      severity: 'error',
      from: { path: '^adapters/', pathNot: '^adapters/(inference|backends/onnx)/' },
      to: { path: '^adapters/inference/' },
    },
    {
      name: 'inference-imports-no-adapter',
      severity: 'error',
      from: { path: '^adapters/inference/' },
      to: { path: '^adapters/', pathNot: '^adapters/(inference|shared)/' },
    },
    {
      name: 'only-the-root-composes',
      severity: 'error',
      from: { path: '^(src|protocol)/', pathNot: '^src/(main\\.ts$|composition/)' },
      to: { path: '^adapters/' },
    },
    {
      name: 'core-knows-no-wire-format',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts$|composition/|cli/)' },
      to: { path: '^protocol/' },
    },
    {
      name: 'zod-and-ws-at-the-edges',
      severity: 'error',
      from: { path: '^src/(call|turn|tools|ports|audio|streams|time|routing)/' },
      to: { path: '^node_modules/(zod|ws|fastify|pino)/' },
    },
    {
      name: 'console-takes-types-alone',
      severity: 'error',
      comment:
        'The console runs in browsers: of the product it may use types, which leave no trace.',
      from: { path: '^console/src/' },
      to: {
        path: '^(src|adapters|protocol|test|bench)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'product-never-imports-the-console',
      severity: 'error',
      from: { path: '^(src|adapters|protocol)/' },
      to: { path: '^console/' },
    },
    {
      name: 'product-never-imports-tests',
      severity: 'error',
      from: { path: '^(src|adapters|protocol)/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node'],
    },
  },
};
