import type { AgentDefinition, CallRoute, RouteCondition } from '../ports/agent.ts';
import { inWindow } from './daily-window.ts';
import { armOf } from './share.ts';

/** What is known of a call before it begins. */
export interface CallFacts {
  readonly keyId: string | null;
  /** Who or what calls, as the client names it; the same subject keeps its side of a rule. */
  readonly subject: string;
  /** What the client says it speaks, a BCP 47 tag; `null` = it says nothing. */
  readonly language: string | null;
  /** ms since 1970. */
  readonly epochMs: number;
}

/** Which backends a call tries, in order: by the first rule that fits, else by the agent's order. */
export function routeOf(agent: AgentDefinition, facts: CallFacts): CallRoute {
  for (const { name, when, arms } of agent.rules ?? []) {
    if (!fits(when, facts)) continue;
    const arm = armOf(arms, `${agent.name}/${name}`, facts.subject);
    return { rule: name, arm: arms.length > 1 ? arm.name : null, backends: arm.backends };
  }
  return { rule: null, arm: null, backends: agent.backends };
}

/** Every backend that a call of the agent may come to, once each. */
export function backendsOf(agent: Pick<AgentDefinition, 'backends' | 'rules'>): readonly string[] {
  const ofRules = (agent.rules ?? []).flatMap(({ arms }) => arms.flatMap((arm) => arm.backends));
  return [...new Set([...agent.backends, ...ofRules])];
}

function fits({ keys, languages, time }: RouteCondition, facts: CallFacts): boolean {
  const { keyId, language, epochMs } = facts;
  if (keys !== undefined && (keyId === null || !keys.includes(keyId))) return false;
  if (languages !== undefined) {
    if (language === null || !languages.some((range) => speaks(language, range))) return false;
  }
  return time === undefined || inWindow(time, epochMs);
}

/** Basic filtering of RFC 4647: a range fits itself and what is more particular. */
function speaks(language: string, range: string): boolean {
  const tag = language.toLowerCase().replaceAll('_', '-');
  const wanted = range.toLowerCase();
  return tag === wanted || tag.startsWith(`${wanted}-`);
}
