import { z } from 'zod';
import type { ToolDeclaration, ToolHeaders, ToolManner } from '../ports/tool.ts';
import { schemaFault } from '../tools/checked-tool.ts';
import { schemaProblems } from './schema-problems.ts';
import type { ConfigProblem, PathStep, PositionedYaml } from './problems.ts';

/** Names that every vendor takes. */
const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: 'must be 1 to 64 letters, digits, "_" or "-"',
});

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
  error: 'must be the name of an environment variable',
});

const sentence = z.string().trim().min(1).max(500);

const secretHeader = /^(?:authorization|proxy-authorization|cookie|.*(?:key|token|secret).*)$/i;

const headers = {
  headers: z
    .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[\x20-\x7e]*$/))
    .refine((given) => !Object.keys(given).some((name) => secretHeader.test(name)), {
      error: 'would put a secret into the file: use headersEnv or bearerEnv',
    })
    .default({}),
  headersEnv: z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), variable).default({}),
  bearerEnv: variable.optional(),
};

const httpUrl = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
    error: 'must be an address that begins with http:// or https://',
  })
  .refine((text) => !/^[^/?#]*\/\/[^/?#]*[{}@]/.test(text), {
    error: 'takes arguments in path and query only, and no user name',
  });

const manner = {
  mode: z.enum(['blocking', 'asynchronous']).default('blocking'),
  deadlineMs: z.int().min(100).max(600_000).default(20_000),
  idempotent: z.boolean().default(false),
  retries: z.int().min(0).max(5).default(0),
  repeatable: z.boolean().default(false),
  cancellable: z.boolean().default(false),
  preamble: z.union([z.literal('none'), sentence]).default('auto'),
  fillers: z.union([z.literal('auto'), z.array(sentence).max(2)]).default('auto'),
  late: z.enum(['speak', 'silent']).default('speak'),
  maxResultChars: z.int().min(100).max(262_144).default(16_384),
  maxConcurrent: z.int().min(1).max(10_000).default(64),
};

const allowPrivateAddresses = z.boolean().default(false);
const parameters = z.record(z.string(), z.unknown());

const http = z.strictObject({
  name: toolName,
  description: z.string().max(2_048).nullable().default(null),
  parameters: parameters.default({ type: 'object', properties: {} }),
  http: z.strictObject({
    url: httpUrl,
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
    timeoutMs: z.int().min(50).max(600_000).default(10_000),
    ...headers,
  }),
  allowPrivateAddresses,
  ...manner,
});

const stdioServer = z.strictObject({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(variable, z.string()).default({}),
  passEnv: z.array(variable).default([]),
});
const httpServer = z.strictObject({ url: httpUrl, ...headers });
const choice = {
  only: z.array(z.string().min(1)).min(1).nullable().default(null),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{0,32}$/)
    .default(''),
};

const mcpOverStdio = z.strictObject({ mcp: stdioServer.extend(choice), ...manner });
const mcpOverHttp = z.strictObject({
  mcp: httpServer.extend(choice),
  allowPrivateAddresses,
  ...manner,
});

const builtin = z.strictObject({
  builtin: z.enum(['end_call', 'transfer', 'switch_agent', 'switch_backend', 'set_disposition']),
  description: z.string().max(2_048).nullable().default(null),
  choices: z.array(z.string().min(1).max(200)).min(1).max(100).nullable().default(null),
});

const registered = z.strictObject({ name: toolName });

const entryShape = z.toJSONSchema(z.union([http, mcpOverStdio, mcpOverHttp, builtin, registered]), {
  io: 'input',
  target: 'draft-7',
  unrepresentable: 'any',
});

/**
 * A tool of an agent as far as the file's own schema goes: anything. `readTools` reads each by its
 * kind, and says better what is wrong than a union can; editors are shown the union.
 */
export const toolEntry = z
  .unknown()
  .meta(
    Object.fromEntries(
      Object.entries(entryShape).filter(([key]) => !key.startsWith('$') && !key.startsWith('~')),
    ),
  );

/** Most entries of one agent (a count). */
const entryLimit = 64;

/**
 * Reads an agent's `tools`, and finds everything that is wrong with them.
 *
 * @param path where the list stands in the file
 */
export function readTools(
  yaml: PositionedYaml,
  path: readonly PathStep[],
  entries: readonly unknown[],
  problems: ConfigProblem[],
): readonly ToolDeclaration[] {
  if (entries.length > entryLimit) {
    problems.push(yaml.problem(path, `An agent has at most ${entryLimit} tools and servers.`));
  }
  const names = new Set<string>();
  return entries.slice(0, entryLimit).flatMap((entry, place) => {
    const at = [...path, place];
    const before = problems.length;
    const declaration = readTool(yaml, at, entry, problems);
    if (declaration === null || problems.length > before) return [];
    const name = nameOf(declaration);
    if (name !== null && names.has(name)) {
      problems.push(yaml.problem(at, `Another tool is already called ${JSON.stringify(name)}.`));
      return [];
    }
    if (name !== null) names.add(name);
    return [declaration];
  });
}

function nameOf(declaration: ToolDeclaration): string | null {
  switch (declaration.kind) {
    case 'http':
      return declaration.definition.name;
    case 'builtin':
      return declaration.builtin;
    case 'registered':
      return declaration.name;
    case 'mcp':
      return null;
  }
}

function readTool(
  yaml: PositionedYaml,
  path: readonly PathStep[],
  entry: unknown,
  problems: ConfigProblem[],
): ToolDeclaration | null {
  const read = <T>(schema: z.ZodType<T>): T | null => {
    const parsed = schema.safeParse(entry, { reportInput: true });
    if (parsed.success) return parsed.data;
    problems.push(...schemaProblems(yaml, schema, parsed.error, path));
    return null;
  };
  const keys = typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
  const kinds = ['http', 'mcp', 'builtin'].filter((kind) => keys.includes(kind));
  if (kinds.length > 1) {
    const message = `A tool is one of ${kinds.join(' and ')}, not several.`;
    problems.push(yaml.problem(path, message));
    return null;
  }
  if (kinds[0] === 'http') {
    const tool = read(http);
    if (tool === null) return null;
    checkManner(yaml, path, tool, problems);
    const fault = schemaFault(tool.parameters);
    if (fault !== null) {
      const where = [...path, 'parameters'];
      problems.push(yaml.problem(where, `This is not a JSON schema: ${fault}.`));
    }
    return {
      kind: 'http',
      definition: {
        name: tool.name,
        description: tool.description,
        parameters: tool.parameters,
      },
      url: tool.http.url,
      method: tool.http.method,
      timeoutMs: tool.http.timeoutMs,
      ...headersOf(tool.http),
      allowPrivateAddresses: tool.allowPrivateAddresses,
      ...runOf(tool),
    };
  }
  if (kinds[0] === 'mcp') return readServer(yaml, path, entry, read, problems);
  if (kinds[0] === 'builtin') {
    const tool = read(builtin);
    if (tool === null) return null;
    return { kind: 'builtin', ...tool, ...runOf(z.object(manner).parse({})) };
  }
  const tool = read(registered);
  return tool === null ? null : { kind: 'registered', name: tool.name };
}

function readServer(
  yaml: PositionedYaml,
  path: readonly PathStep[],
  entry: unknown,
  read: <T>(schema: z.ZodType<T>) => T | null,
  problems: ConfigProblem[],
): ToolDeclaration | null {
  const { mcp } = entry as { readonly mcp: unknown };
  const remote = typeof mcp === 'object' && mcp !== null && 'url' in mcp;
  if (remote) {
    const tool = read(mcpOverHttp);
    if (tool === null) return null;
    checkManner(yaml, path, tool, problems);
    const { url, only, prefix } = tool.mcp;
    const server = {
      type: 'http' as const,
      url,
      ...headersOf(tool.mcp),
      allowPrivateAddresses: tool.allowPrivateAddresses,
    };
    return { kind: 'mcp', server, only, prefix, ...runOf(tool) };
  }
  const tool = read(mcpOverStdio);
  if (tool === null) return null;
  checkManner(yaml, path, tool, problems);
  const { only, prefix, ...server } = tool.mcp;
  return { kind: 'mcp', server: { type: 'stdio', ...server }, only, prefix, ...runOf(tool) };
}

type MannerEntry = z.output<z.ZodObject<typeof manner>>;

function checkManner(
  yaml: PositionedYaml,
  path: readonly PathStep[],
  { retries, idempotent }: MannerEntry,
  problems: ConfigProblem[],
): void {
  if (retries === 0 || idempotent) return;
  const message =
    'Only a tool that is declared idempotent: true is tried again: a second attempt could take ' +
    'effect twice.';
  problems.push(yaml.problem([...path, 'retries'], message));
}

function runOf(entry: MannerEntry): {
  deadlineMs: number;
  maxConcurrent: number;
  manner: ToolManner;
} {
  const { deadlineMs, maxConcurrent, preamble } = entry;
  const { mode, idempotent, retries, repeatable, cancellable, fillers, late, maxResultChars } =
    entry;
  return {
    deadlineMs,
    maxConcurrent,
    manner: {
      mode,
      idempotent,
      retries,
      repeatable,
      cancellable,
      preamble: preamble === 'none' ? null : preamble,
      fillers,
      late,
      maxResultChars,
    },
  };
}

function headersOf({
  headers: given,
  headersEnv,
  bearerEnv,
}: z.output<typeof httpServer>): ToolHeaders {
  return { headers: given, headersEnv, bearerEnv: bearerEnv ?? null };
}
