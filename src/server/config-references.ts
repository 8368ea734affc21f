import type { ConfigProblem, PathStep } from './problems.ts';
import { PositionedYaml } from './problems.ts';

/** What a setting leads to outside the file. */
export type ReferenceKind = 'env' | 'file' | 'folder' | 'package';

/** Where references lead, and which settings are some besides those that say so by their names. */
export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether there is a file or folder; relative paths start at the configuration's own folder. */
  readonly isThere: (kind: Exclude<ReferenceKind, 'env'>, path: string) => boolean;
  /** By the `type` of the group that the setting is in. */
  readonly others: Readonly<Record<string, Readonly<Record<string, ReferenceKind>>>>;
  /** Names of tools that the program brings, for agents that name them. */
  readonly registeredTools: readonly string[];
}

/** What of a sound configuration leads nowhere here. */
export interface LooseReferences {
  /** What no other machine would have either, most likely: files and folders. */
  readonly problems: readonly ConfigProblem[];
  /** Environment variables, which the place where the file is checked need not have. */
  readonly warnings: readonly ConfigProblem[];
}

/** Settings whose names say what they are. */
const suffixes: readonly (readonly [string, ReferenceKind])[] = [
  ['Env', 'env'],
  ['File', 'file'],
  ['Folder', 'folder'],
];

/** Groups whose names are their writer's own and say nothing: schemas, headers, environments. */
const ownNames: ReadonlySet<string> = new Set(['parameters', 'headers', 'env']);

/** Deepest group that is looked into. */
const depthLimit = 16;

/**
 * Follows what a configuration's backends and agents refer to. Keys and certificates are not among
 * it: nothing can be served without them, so reading the configuration looks at them.
 *
 * @param text a sound configuration
 */
export function looseReferences(text: string, sources: ReferenceSources): LooseReferences {
  const yaml = new PositionedYaml(text);
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const follow = (path: readonly PathStep[], kind: ReferenceKind, target: string): void => {
    if (kind === 'env') {
      if ((sources.env[target] ?? '').trim() !== '') return;
      warnings.push(yaml.problem(path, `The environment variable ${target} is not set here.`));
    } else if (!sources.isThere(kind, target)) {
      problems.push(yaml.problem(path, `There is no ${kind} ${target}.`));
    }
  };
  const walk = (data: unknown, path: readonly PathStep[]): void => {
    if (typeof data !== 'object' || data === null || path.length > depthLimit) return;
    if (Array.isArray(data)) {
      for (const [place, entry] of data.entries()) walk(entry, [...path, place]);
      return;
    }
    const type = 'type' in data && typeof data.type === 'string' ? data.type : '';
    const others = Object.hasOwn(sources.others, type) ? sources.others[type] : {};
    for (const [key, value] of Object.entries(data)) {
      if (ownNames.has(key)) continue;
      const kind = others?.[key] ?? suffixes.find(([suffix]) => key.endsWith(suffix))?.[1];
      const targets = kind === undefined ? [] : targetsOf(value);
      for (const [steps, target] of targets) follow([...path, key, ...steps], kind!, target);
      if (targets.length === 0) walk(value, [...path, key]);
    }
  };
  const data = yaml.toData();
  if (typeof data === 'object' && data !== null) {
    for (const group of ['backends', 'agents', 'store', 'recordings', 'webhooks']) {
      walk((data as Readonly<Record<string, unknown>>)[group], [group]);
    }
  }
  for (const { path, name } of namedTools(data)) {
    if (sources.registeredTools.includes(name)) continue;
    const message = `No program has registered a tool ${name} here; a tool of this file has http, mcp or builtin.`;
    warnings.push(yaml.problem(path, message));
  }
  return { problems, warnings };
}

/** Entries of agents' tools that are a name alone. */
function namedTools(
  data: unknown,
): readonly { readonly path: readonly PathStep[]; readonly name: string }[] {
  const { agents } = (data ?? {}) as { readonly agents?: Readonly<Record<string, unknown>> };
  return Object.entries(agents ?? {}).flatMap(([agent, entry]) => {
    const { tools } = (entry ?? {}) as { readonly tools?: unknown };
    if (!Array.isArray(tools)) return [];
    return tools.flatMap((tool: unknown, place) => {
      const { name, http } = (tool ?? {}) as { readonly name?: unknown; readonly http?: unknown };
      if (typeof name !== 'string' || http !== undefined) return [];
      return [{ path: ['agents', agent, 'tools', place, 'name'], name }];
    });
  });
}

/** A setting may name one thing, or several by names of their own. */
function targetsOf(value: unknown): readonly (readonly [readonly PathStep[], string])[] {
  if (typeof value === 'string') return [[[], value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, target]) =>
    typeof target === 'string'
      ? [[[Array.isArray(value) ? Number(name) : name], target] as const]
      : [],
  );
}
