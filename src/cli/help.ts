/** What `parley help` prints. */
export const helpText = `Parley, a full-duplex speech-to-speech gateway.

Usage: npx parley <command>

  serve [--config FILE] [--host H] [--port N] [--workers N] [--record-wire DIR]
      Serves calls until SIGTERM or SIGINT. Without --config it reads parley.yaml where there is
      one, and otherwise serves the built-in agents on http://127.0.0.1:8787 without a key.
      --workers above 1 is refused until limits and metrics are shared between processes.
      --record-wire writes what goes over the connections to hosted backends into DIR, one file a
      connection, without keys but with everything that callers and agents say.

  check [--config FILE]
      Reads a configuration and prints every problem in it with line and column. Exits with 1 when
      there is one.

  talk FILE.wav [--agent A] [--url ws://…] [--out stereo.wav] [--json] [--key K] [--insecure]
      Plays a file to an agent in real time and records both sides: left = caller, right = agent.
      --insecure accepts any certificate of a wss:// server.

  replay DIR [--json] [--tolerance-ms N]
      Makes a recorded call again with this version, and prints what differs in its log. DIR is a
      folder of the recordings. Times may be N ms apart (60). Exits with 1 when anything differs.

  models list | verify
      Lists the models that come with Parley and those that can be pulled, or compares their files
      with the hashes they must have.

  models pull NAME [--from BASE_URL] [--to DIR]
      Fetches a model, going on where an earlier attempt was broken off, and checks its hash.
      --from names a folder on any web server that has its files. They go to DIR/NAME, else to
      $PARLEY_MODELS/NAME, else to the user's cache; serve looks in the last two.

  help, --version
`;
