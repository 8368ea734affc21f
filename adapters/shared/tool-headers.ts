import type { ToolHeaders } from '../../src/ports/tool.ts';
import { ToolError } from '../../src/ports/tool.ts';

/** Headers with what the environment holds, and the secrets among them. */
export interface ResolvedHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Never to be shown. */
  readonly secrets: readonly string[];
}

/**
 * Follows the references, so that a value that was replaced is found without a restart.
 *
 * @throws ToolError that says which variable is missing, to operators: the model is told no more than that it is not set up
 */
export function resolveHeaders(
  { headers, headersEnv, bearerEnv }: ToolHeaders,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedHeaders {
  const resolved: Record<string, string> = { ...headers };
  const secrets: string[] = [];
  for (const [header, variable] of Object.entries(headersEnv)) {
    const value = secretOf(variable, env);
    resolved[header] = value;
    secrets.push(value);
  }
  if (bearerEnv !== null) {
    const token = secretOf(bearerEnv, env);
    resolved['authorization'] = `Bearer ${token}`;
    secrets.push(token);
  }
  return { headers: resolved, secrets };
}

function secretOf(variable: string, env: Readonly<Record<string, string | undefined>>): string {
  const value = env[variable]?.trim() ?? '';
  if (value === '' || /[^\x20-\x7e]/.test(value)) {
    throw new ToolError('it is not set up: a credential of its server is missing', {
      refused: true,
    });
  }
  return value;
}
