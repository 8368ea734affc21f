import { parseArgs } from 'node:util';

/** What the command line asks for. */
export type CliCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'serve';
      readonly configPath: string | null;
      readonly host: string | null;
      readonly port: number | null;
      /** Folder for recordings of connections to upstreams. */
      readonly recordWire: string | null;
    }
  | { readonly kind: 'check'; readonly configPath: string | null }
  | {
      readonly kind: 'talk';
      readonly file: string;
      readonly agent: string | null;
      readonly url: string | null;
      readonly out: string | null;
      readonly json: boolean;
      readonly insecure: boolean;
      readonly key: string | null;
    }
  | { readonly kind: 'models'; readonly action: 'list' | 'verify' }
  | {
      readonly kind: 'pull';
      readonly model: string;
      /** Where its files are had instead of their home. */
      readonly from: string | null;
      /** Folder of pulled models. */
      readonly to: string | null;
    }
  | {
      readonly kind: 'replay';
      /** Folder of the recording. */
      readonly folder: string;
      readonly json: boolean;
      /** How far times may be apart, ms. */
      readonly toleranceMs: number;
    }
  | { readonly kind: 'not_yet'; readonly message: string }
  /** The command line makes no sense: the message says why. */
  | { readonly kind: 'usage'; readonly message: string };

/** Reads the arguments after the program's name. Never throws. */
export function parseCommand(args: readonly string[]): CliCommand {
  const [name, ...rest] = args;
  try {
    switch (name) {
      case undefined:
      case 'help':
      case '--help':
      case '-h':
        return { kind: 'help' };
      case '--version':
      case '-v':
        return { kind: 'version' };
      case 'serve':
        return parseServe(rest);
      case 'check':
        return parseCheck(rest);
      case 'talk':
        return parseTalk(rest);
      case 'models':
        return parseModels(rest);
      case 'replay':
        return parseReplay(rest);
      case 'bench':
        return {
          kind: 'not_yet',
          message: 'parley bench: the benchmarks come with the repository, not with the package.',
        };
      default:
        return { kind: 'usage', message: `There is no command ${JSON.stringify(name)}.` };
    }
  } catch (thrown) {
    // `parseArgs` says what it did not understand; nothing else in here throws.
    const message = thrown instanceof Error ? thrown.message : 'The arguments cannot be read.';
    return { kind: 'usage', message };
  }
}

function parseServe(args: string[]): CliCommand {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      workers: { type: 'string' },
      'record-wire': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const port = values.port === undefined ? null : wholeNumber(values.port, 0, 65_535);
  if (port === 'invalid') {
    return { kind: 'usage', message: '--port must be a whole number from 0 to 65535.' };
  }
  const workers = values.workers === undefined ? 1 : wholeNumber(values.workers, 1, 1_024);
  if (workers === 'invalid') {
    return { kind: 'usage', message: '--workers must be a whole number from 1 up.' };
  }
  if (workers > 1) {
    const message =
      '--workers above 1 is refused for now: limits and metrics are kept per process, so several ' +
      'would let in too many calls and count each its own.';
    return { kind: 'usage', message };
  }
  const { config: configPath = null, host = null, 'record-wire': recordWire = null } = values;
  if (recordWire === '') {
    return { kind: 'usage', message: '--record-wire takes the folder the recordings go to.' };
  }
  return { kind: 'serve', configPath, host, port, recordWire };
}

function parseCheck(args: string[]): CliCommand {
  const { values } = parseArgs({
    args,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return { kind: 'help' };
  return { kind: 'check', configPath: values.config ?? null };
}

function parseTalk(args: string[]): CliCommand {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      agent: { type: 'string' },
      url: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean' },
      insecure: { type: 'boolean' },
      key: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    return { kind: 'usage', message: 'talk takes one WAV file: parley talk FILE.wav' };
  }
  return {
    kind: 'talk',
    file,
    agent: values.agent ?? null,
    url: values.url ?? null,
    out: values.out ?? null,
    json: values.json ?? false,
    insecure: values.insecure ?? false,
    key: values.key ?? null,
  };
}

function parseModels(args: string[]): CliCommand {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const [action, model, ...more] = positionals;
  const { from = null, to = null } = values;
  if (action === 'pull') {
    if (model === undefined || more.length > 0) {
      return { kind: 'usage', message: 'models pull takes one name: see models list.' };
    }
    return { kind: 'pull', model, from, to };
  }
  if (action !== 'list' && action !== 'verify') {
    return { kind: 'usage', message: 'models takes one word: list, pull or verify.' };
  }
  if (model !== undefined || from !== null || to !== null) {
    return { kind: 'usage', message: `models ${action} takes nothing more.` };
  }
  return { kind: 'models', action };
}

function parseReplay(args: string[]): CliCommand {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      'tolerance-ms': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return { kind: 'help' };
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    return { kind: 'usage', message: 'replay takes one folder of a recording: parley replay DIR' };
  }
  const toleranceMs = wholeNumber(values['tolerance-ms'] ?? '60', 0, 60_000);
  if (toleranceMs === 'invalid') {
    return { kind: 'usage', message: '--tolerance-ms must be a whole number from 0 to 60000.' };
  }
  return { kind: 'replay', folder, json: values.json ?? false, toleranceMs };
}

function wholeNumber(text: string, least: number, most: number): number | 'invalid' {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= least && value <= most ? value : 'invalid';
}
