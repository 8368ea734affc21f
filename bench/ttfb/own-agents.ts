import type { FixtureName } from '../../test/ear/speech.ts';
import { configOf, knownAgents } from './agents.ts';
import { cascadeAgents, startCascadeParts } from './cascade-agent.ts';
import { startOwnGateway } from './own-gateway.ts';
import { rehearsalDelay, type InjectedDelay } from './shares.ts';

/** A gateway of the bench's own, with what it needs. */
export interface OwnAgents {
  readonly url: string;
  readonly injected: (agent: string) => InjectedDelay;
  end(): Promise<void>;
}

/** Agents of the bench's own gateway. @throws Error where one is asked for that there is not */
export function ownAgentNames(asked: readonly string[] | null): readonly string[] {
  const known = knownAgents.map(({ name }) => name);
  if (asked === null) return known;
  const all: readonly string[] = [...known, ...Object.values(cascadeAgents)];
  const missing = asked.filter((name) => !all.includes(name));
  if (missing.length > 0) {
    throw new Error(`there is no agent ${missing.join(', ')} here: ${all.join(', ')}`);
  }
  return all.filter((name) => asked.includes(name));
}

/**
 * Starts it.
 *
 * @param names as `ownAgentNames` gives them
 * @param seed of their delays
 */
export async function startOwnAgents(
  names: readonly string[],
  { seed, clips }: { readonly seed: number; readonly clips: readonly FixtureName[] },
): Promise<OwnAgents> {
  const known = knownAgents.filter(({ name }) => names.includes(name));
  const cascades = Object.values(cascadeAgents).filter((name) => names.includes(name));
  const parts = cascades.length > 0 ? await startCascadeParts(clips) : null;
  try {
    const gateway = await startOwnGateway(configOf(known, seed, parts?.backends ?? {}));
    return {
      url: gateway.url,
      injected: (agent) =>
        cascades.some((name) => name === agent) ? parts!.injected : rehearsalDelay,
      end: async () => {
        await gateway.end();
        await parts?.end();
      },
    };
  } catch (thrown) {
    await parts?.end();
    throw thrown;
  }
}
