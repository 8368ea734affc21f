import { createInterface } from 'node:readline/promises';
import process from 'node:process';
import { estimateOf, estimateText, mayBegin, type PlannedTurns } from './estimate.ts';
import { askHosted } from './hosted-agents.ts';

/** How it is decided whether money is spent. */
export interface Consent {
  /** Somebody has agreed beforehand. */
  readonly yes: boolean;
  /** Asks somebody; `null`: nobody is there. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
}

/** Somebody at a terminal, or nobody. The question goes to standard error. */
export function consentOf(yes: boolean): Consent {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return { yes, ask: null };
  return {
    yes,
    ask: async (question) => {
      const terminal = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await terminal.question(question)).trim());
      } finally {
        terminal.close();
      }
    },
  };
}

/**
 * Says what a run is going to cost where a hosted backend is in it, and asks.
 *
 * @throws Error when the run may not begin
 */
export async function mayCost(
  {
    url,
    key,
    agents,
  }: { readonly url: string; readonly key: string | null; readonly agents: readonly string[] },
  plan: PlannedTurns,
  { consent, progress }: { readonly consent: Consent; readonly progress: (line: string) => void },
): Promise<void> {
  const hosted = await askHosted(url.replace(/^ws/, 'http').replace(/\/$/, ''), key, agents);
  if (hosted.length > 0) progress(estimateText(estimateOf(hosted, plan), plan));
  const { yes, ask } = consent;
  switch (mayBegin({ hosted: hosted.length, yes, interactive: ask !== null })) {
    case 'begin':
      return;
    case 'refuse':
      throw new Error('hosted backends are used: --yes goes on without asking');
    case 'ask':
      if (!((await ask?.('Go on? [y/N] ')) ?? false)) throw new Error('not begun');
  }
}
