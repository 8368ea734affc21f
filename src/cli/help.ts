/** What `parley help` prints. */
export const helpText = `Parley, a full-duplex speech-to-speech gateway.

Usage: npx parley <command>

  serve [--config FILE] [--host H] [--port N] [--workers N]
      Serves calls until SIGTERM or SIGINT. Without --config it reads parley.yaml where there is
      one, and otherwise serves the built-in agents on http://127.0.0.1:8787 without a key.
      --workers above 1 is refused until limits and metrics are shared between processes.

  check [--config FILE]
      Reads a configuration and prints every problem in it with line and column. Exits with 1 when
      there is one.

  talk FILE.wav [--agent A] [--url ws://…] [--out stereo.wav] [--json] [--key K] [--insecure]
      Plays a file to an agent in real time and records both sides: left = caller, right = agent.
      --insecure accepts any certificate of a wss:// server.

  models list | verify
      Lists the model packages, or compares their files with the hashes in their manifests.

  help, --version
`;
