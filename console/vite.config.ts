import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { hashFile, sourceHash } from './source-hash.ts';

/** Writes down what the files were built from, so that a test can say when they are stale. */
function recordSources(): Plugin {
  return {
    name: 'record-sources',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: hashFile, source: `${sourceHash()}\n` });
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [recordSources()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
});
