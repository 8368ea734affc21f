import js from '@eslint/js';
import n from 'eslint-plugin-n';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Media code must be replayable: time comes from a Clock, chance from a seeded source. */
const ambientTime = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate'].map(
  (name) => ({ name, message: 'Take a Clock (src/time): time is an argument here.' }),
);

export default tseslint.config(
  { ignores: ['node_modules', '.venv', 'dist', 'coverage', 'bench/out', 'console/dist'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { n },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    settings: { node: { version: '>=24.0.0' } },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { allowDefaultCaseForExhaustiveSwitch: false, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `!` on typed-array reads inside a bounded loop is fine in audio code.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'n/no-process-env': 'error',
      'n/no-unsupported-features/node-builtins': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 340, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts', 'protocol/**/*.ts'],
    ignores: ['src/time/**', 'src/main.ts', 'src/composition/**', 'src/cli/**', 'src/server/**'],
    rules: {
      'no-restricted-globals': ['error', ...ambientTime],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take a seeded source.' },
      ],
    },
  },
  { files: ['src/main.ts', 'src/cli/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'n/no-process-env': 'off', 'max-lines': 'off' },
  },
  {
    files: ['console/src/**'],
    rules: {
      // Runs in browsers: what Node has does not matter there.
      'n/no-unsupported-features/node-builtins': 'off',
      // Of most kinds of log entries it shows nothing but their text.
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly' },
    },
  },
  prettier,
);
