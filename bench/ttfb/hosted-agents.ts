import { z } from 'zod';
import type { PriceTable } from '../../src/spend/prices.ts';

/** An agent of somebody's gateway, as far as it costs something to talk to it. */
export interface AgentBehind {
  readonly name: string;
  /** What answers it, as far as the gateway says so; `null`: nobody says. */
  readonly backend: HostedBackend | null;
}

export interface HostedBackend {
  readonly name: string;
  readonly type: string;
  /** `null`: not known. */
  readonly prices: PriceTable | null;
}

const agentsSchema = z.object({
  agents: z.array(
    z.object({
      name: z.string(),
      aliases: z.array(z.string()).default([]),
      backends: z.array(z.string()).default([]),
      capabilities: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});

// Absent is no key here, as the table's type has it.
const price = z.number().nullable().exactOptional();
const pricesSchema = z.object({
  currency: z.string(),
  asOf: z.string().nullable().default(null),
  source: z.string().nullable().default(null),
  inputTextPerMillion: price,
  inputAudioPerMillion: price,
  inputCachedPerMillion: price,
  inputCachedTextPerMillion: price,
  inputCachedAudioPerMillion: price,
  outputTextPerMillion: price,
  outputAudioPerMillion: price,
  perMinute: price,
  perRecognisedMinute: price,
  perMillionCharacters: price,
});

const backendsSchema = z.object({
  backends: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      hosted: z.boolean().default(true),
      prices: pricesSchema.nullable().default(null),
    }),
  ),
});

/**
 * Which of the agents have a hosted backend, by what a gateway says of itself. Of several the first one
 * is told: it is the one that answers usually.
 *
 * @param agentsBody answer of `/api/agents`; anything else than Parley's: nobody says
 * @param backendsBody answer of `/api/backends`
 */
export function hostedAmong(
  names: readonly string[],
  agentsBody: unknown,
  backendsBody: unknown,
): readonly AgentBehind[] {
  const agents = agentsSchema.safeParse(agentsBody);
  const backends = backendsSchema.safeParse(backendsBody);
  if (!agents.success || !backends.success) return names.map((name) => ({ name, backend: null }));
  return names.flatMap((name): readonly AgentBehind[] => {
    const agent = agents.data.agents.find((one) => one.name === name || one.aliases.includes(name));
    // The gateway says itself that there is none; nothing is spent on it.
    if (agent === undefined) return [];
    const behind = new Set([...agent.backends, ...Object.keys(agent.capabilities)]);
    const hosted = [...behind].flatMap(
      (used) => backends.data.backends.find((one) => one.name === used && one.hosted) ?? [],
    );
    return hosted[0] === undefined ? [] : [{ name, backend: hosted[0] }];
  });
}

/** Asks a gateway. Never rejects: where it does not answer nobody says anything. */
export async function askHosted(
  url: string,
  key: string | null,
  names: readonly string[],
): Promise<readonly AgentBehind[]> {
  const headers = key === null ? {} : { authorization: `Bearer ${key}` };
  const body = async (path: string): Promise<unknown> => {
    try {
      const response = await fetch(`${url}${path}`, {
        headers,
        signal: AbortSignal.timeout(5_000),
      });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  };
  const [agents, backends] = await Promise.all([body('/api/agents'), body('/api/backends')]);
  return hostedAmong(names, agents, backends);
}
