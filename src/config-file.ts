import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readConfig, type ConfigResult, type ConfigSources } from './server/config.ts';
import type { BackendSchemas } from './server/config-schema.ts';

/** The configuration that is read when no other is named, where there is one. */
export const usualConfigName = 'parley.yaml';

export interface ConfigFileOptions {
  /** Path as given on the command line; `null` = `parley.yaml` where there is one. */
  readonly path: string | null;
  /** Folder in which relative paths of the command line start. */
  readonly workingFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly backendSchemas: BackendSchemas;
  readonly overrides?: NonNullable<ConfigSources['overrides']>;
  /**
   * Something is in force already. A file that is gone or empty is then on its way to another one
   * rather than a wish for the built-in configuration, which has no keys.
   */
  readonly whileRunning?: boolean;
}

/** A configuration with the place it came from. */
export interface LoadedConfig {
  /** Name for messages; `null` when the built-in configuration was taken. */
  readonly fileName: string | null;
  /** Folder in which the configuration's own relative paths start. */
  readonly folder: string;
  readonly result: ConfigResult;
  /** What was read; empty where nothing was. */
  readonly text: string;
}

/** Reads the configuration from the disk. Never throws: a file that cannot be read is a problem. */
export function loadConfigFile(options: ConfigFileOptions): LoadedConfig {
  const { path, workingFolder, env, backendSchemas, overrides, whileRunning = false } = options;
  const usual = join(workingFolder, usualConfigName);
  const file = path === null ? (existsSync(usual) ? usual : null) : resolve(workingFolder, path);
  const folder = file === null ? workingFolder : dirname(file);
  const sources: ConfigSources = {
    env,
    backendSchemas,
    readFile: (name) => readFileSync(resolve(folder, name), 'utf8'),
    ...(overrides === undefined ? {} : { overrides }),
  };
  const fileName = file === null ? null : (path ?? usualConfigName);
  const failed = (message: string): LoadedConfig => {
    const problem = { line: 1, column: 1, path: '', message };
    return { fileName, folder, text: '', result: { ok: false, problems: [problem] } };
  };
  try {
    const text = file === null ? '' : readFileSync(file, 'utf8');
    if (whileRunning && text.trim() === '') {
      return failed(`${fileName ?? usualConfigName} is ${file === null ? 'gone' : 'empty'}.`);
    }
    return { fileName, folder, text, result: readConfig(text, sources) };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : 'unknown reason';
    return failed(`The file cannot be read: ${why}`);
  }
}
