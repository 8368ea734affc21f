/** The page at `/`: what this is, and where to go on. */
export function frontPage(agents: readonly string[], socketPaths: readonly string[]): string {
  const links = [
    ['/healthz', 'is the process alive'],
    ['/readyz', 'can it take calls, and if not, why'],
    ['/metrics', 'Prometheus metrics'],
    ['/api/agents', 'agents'],
    ['/api/backends', 'backends'],
    ['/api/calls', 'calls: running, and the last finished ones'],
  ] as const;
  const list = links
    .map(
      ([path, what]) => `<li><a href="${path}"><code>${path}</code></a> ${escapeHtml(what)}</li>`,
    )
    .join('\n      ');
  const sockets = socketPaths.map((path) => `<code>${escapeHtml(path)}</code>`).join(', ');
  const names = agents.map((name) => `<code>${escapeHtml(name)}</code>`).join(', ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Parley</title>
    <style>
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
    </style>
  </head>
  <body>
    <h1>Parley</h1>
    <p>A full-duplex speech-to-speech gateway. Apps open a WebSocket at ${sockets} and stream audio
    both ways; stock OpenAI Realtime clients work by changing their base URL.</p>
    ${names === '' ? '' : `<p>Agents (<code>?model=…</code>): ${names}.</p>`}
    <ul>
      ${list}
    </ul>
  </body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
