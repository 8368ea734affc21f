// The tools silently fall back to the machine's own Node when the pinned one has no binary
// (for example after `npm ci --ignore-scripts`). Fail early and say why.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `parley: tests and tools need Node 24, this is ${process.versions.node}. ` +
      'Run them through npm scripts after a plain `npm ci` (install scripts enabled).',
  );
  process.exit(1);
}
