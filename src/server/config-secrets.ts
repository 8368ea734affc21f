import type { AgentDefinition } from '../ports/agent.ts';
import type { ApiKey } from './auth.ts';
import type { ConfigSources } from './config.ts';
import type { KeyEntry } from './config-schema.ts';
import type { ConfigProblem, PathStep, PositionedYaml } from './problems.ts';
import { suggestion } from './suggestion.ts';

/** Follows the keys' references. Problems name the reference, never what it leads to. */
export function readKeys(
  yaml: PositionedYaml,
  entries: readonly KeyEntry[],
  agents: readonly AgentDefinition[],
  sources: Pick<ConfigSources, 'env' | 'readFile'>,
  problems: ConfigProblem[],
): readonly ApiKey[] {
  const agentNames = agents.map(({ name }) => name);
  const ids = new Set<string>();
  const secrets = new Set<string>();
  return entries.flatMap((entry, place) => {
    const path = ['auth', 'keys', place];
    if (ids.has(entry.id)) {
      const message = `Another key is already called ${JSON.stringify(entry.id)}.`;
      problems.push(yaml.problem([...path, 'id'], message));
    }
    ids.add(entry.id);
    for (const [index, agent] of entry.agents.entries()) {
      if (agent === '*' || agentNames.includes(agent)) continue;
      const message = `No agent is called ${JSON.stringify(agent)}.${suggestion(agent, agentNames)}`;
      problems.push(yaml.problem([...path, 'agents', index], message));
    }
    const secret = readSecret(yaml, entry, path, sources, problems);
    if (secret === null) return [];
    if (secrets.has(secret)) {
      problems.push(yaml.problem(path, 'This is the same key as one before it.'));
    }
    secrets.add(secret);
    const { id, agents: scope, maxCalls } = entry;
    return [{ id, secret, agents: scope, maxCalls: maxCalls ?? null }];
  });
}

/** Reads certificate and private key. */
export function readTls(
  yaml: PositionedYaml,
  entry: { readonly certFile: string; readonly keyFile: string } | undefined,
  { readFile }: Pick<ConfigSources, 'readFile'>,
  problems: ConfigProblem[],
): { readonly cert: string; readonly key: string } | null {
  if (entry === undefined) return null;
  const path = ['server', 'tls'];
  const cert = readReference(yaml, [...path, 'certFile'], entry.certFile, readFile, problems);
  const key = readReference(yaml, [...path, 'keyFile'], entry.keyFile, readFile, problems);
  for (const [text, place] of [
    [cert, 'certFile'],
    [key, 'keyFile'],
  ] as const) {
    if (text === null || text.includes('-----BEGIN ')) continue;
    problems.push(yaml.problem([...path, place], 'The file holds no PEM text.'));
  }
  return cert === null || key === null ? null : { cert, key };
}

function readSecret(
  yaml: PositionedYaml,
  { keyEnv, keyFile }: KeyEntry,
  path: readonly PathStep[],
  { env, readFile }: Pick<ConfigSources, 'env' | 'readFile'>,
  problems: ConfigProblem[],
): string | null {
  if ((keyEnv === undefined) === (keyFile === undefined)) {
    problems.push(yaml.problem(path, 'A key needs either keyEnv or keyFile.'));
    return null;
  }
  const place = [...path, keyEnv === undefined ? 'keyFile' : 'keyEnv'];
  let secret: string | null;
  if (keyEnv === undefined) {
    secret = readReference(yaml, place, keyFile!, readFile, problems);
    if (secret === null) return null;
  } else {
    secret = env[keyEnv] ?? null;
    if (secret === null) {
      problems.push(yaml.problem(place, `The environment variable ${keyEnv} is not set.`));
      return null;
    }
  }
  const trimmed = secret.trim();
  if (trimmed === '' || /\s/.test(trimmed)) {
    const message = `${keyEnv ?? keyFile!} must hold one key: not empty, and without spaces inside.`;
    problems.push(yaml.problem(place, message));
    return null;
  }
  return trimmed;
}

function readReference(
  yaml: PositionedYaml,
  path: readonly PathStep[],
  file: string,
  readFile: (path: string) => string,
  problems: ConfigProblem[],
): string | null {
  try {
    return readFile(file);
  } catch (thrown) {
    const code =
      thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown reason';
    problems.push(yaml.problem(path, `The file ${file} cannot be read (${code}).`));
    return null;
  }
}
