import { defineConfig } from 'eslint/config';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'reports/', '.stryker-tmp/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'import-x/no-default-export': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      // Narrowing by a type predicate is how unknown input becomes typed here.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
          message: 'Set process.exitCode in main.ts; an exit loses what is still being written.',
        },
      ],
    },
  },
  {
    files: [
      'src/rules/**/*.ts',
      'src/engine/**/*.ts',
      'src/injection/**/*.ts',
      'src/custom-rules/rule*.ts',
      'src/cel/**/*.ts',
    ],
    rules: {
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval'].map((name) =>
        name === 'error' ? name : { name, message: 'Pure code is given what it needs as an argument.' },
      ),
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'The time is an input: RuleInput.now.' },
        { object: 'Math', property: 'random', message: 'Same input, same bytes.' },
      ],
    },
  },
  {
    // What the benchmark compares with: plain JavaScript with dependencies of its own, as its users would write it.
    files: ['test/bench/peers/**/*.js'],
    extends: [tseslint.configs.recommended],
    languageOptions: { globals: { process: 'readonly', Buffer: 'readonly' } },
    rules: { eqeqeq: 'error', 'no-undef': ['error'], 'no-console': 'error' },
  },
  {
    files: ['test/bench/peers/pepr/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: { require: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' }, // a Pepr module is bundled as CommonJS
  },
  {
    files: ['**/*.config.{js,mjs}', 'test/mutation/*.js', 'scripts/**/*.mjs', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
