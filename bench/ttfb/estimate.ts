import { costOf } from '../../src/spend/prices.ts';
import type { Cost, Quantities } from '../../src/ports/usage.ts';
import type { AgentBehind } from './hosted-agents.ts';
import { lengthText } from './progress.ts';

/** What is going to be asked of each agent. */
export interface PlannedTurns {
  readonly turnsOf: (agent: string) => number;
  readonly turnsPerCall: number;
  /** Speech of the caller in a turn, on average, s. */
  readonly saidS: number;
  /** Calls at once. */
  readonly calls: number;
}

/** What talking to one agent is thought to take. */
export interface AgentEstimate {
  readonly agent: string;
  readonly backend: AgentBehind['backend'];
  readonly turns: number;
  readonly calls: number;
  /** Time that its sessions are open, s. */
  readonly sessionsS: number;
  readonly quantities: Quantities;
  /** `null`: nobody says what answers. */
  readonly cost: Cost | null;
}

/** What is supposed of answers; nobody knows before. Rather too much than too little. */
const supposed = {
  answerS: 6,
  /** Silence before an answer and after it. */
  quietS: 2.5,
  openingS: 2,
  instructionTokens: 500,
  answerTextTokens: 25,
  answerCharacters: 100,
} as const;

/** Tokens for a second of sound: OpenAI's published rates, and Gemini's. */
const audioTokens = { usual: { said: 10, answered: 20 }, gemini: { said: 32, answered: 25 } };

/** What the agents with a hosted backend are thought to cost; their warm-up is in it. */
export function estimateOf(
  agents: readonly AgentBehind[],
  plan: PlannedTurns,
): readonly AgentEstimate[] {
  return agents.map(({ name, backend }) => {
    const turns = plan.turnsOf(name);
    const full = Math.floor(turns / plan.turnsPerCall);
    const rest = turns % plan.turnsPerCall;
    const calls = [1, ...Array.from({ length: full }, () => plan.turnsPerCall), rest].filter(
      (each) => each > 0,
    );
    const used = calls.map((each) => callQuantities(each, backend?.type ?? '', plan.saidS));
    const quantities = summed(used);
    return {
      agent: name,
      backend,
      turns: turns + 1,
      calls: calls.length,
      sessionsS: (quantities.connectedMs ?? 0) / 1_000,
      quantities,
      cost: backend === null ? null : costOf(quantities, backend.prices),
    };
  });
}

/** One call: a model is given the whole conversation again for every answer, nothing of it cached. */
function callQuantities(turns: number, type: string, saidS: number): Quantities {
  const { answerS, quietS, openingS, instructionTokens } = supposed;
  const connectedMs = (openingS + turns * (saidS + answerS + quietS)) * 1_000;
  const pairs = (turns * (turns - 1)) / 2;
  const told = turns * instructionTokens + 2 * pairs * supposed.answerTextTokens;
  const words = turns * supposed.answerTextTokens;
  if (type === 'cascade') {
    return {
      connectedMs,
      recognisedAudioMs: connectedMs,
      inputTextTokens: told + words,
      outputTextTokens: words,
      spokenCharacters: turns * supposed.answerCharacters,
    };
  }
  const { said, answered } = audioTokens[type === 'gemini-live' ? 'gemini' : 'usual'];
  return {
    connectedMs,
    inputTextTokens: turns * instructionTokens,
    inputAudioTokens: Math.ceil((turns + pairs) * saidS * said + pairs * answerS * answered),
    outputTextTokens: words,
    outputAudioTokens: turns * answerS * answered,
  };
}

function summed(all: readonly Quantities[]): Quantities {
  const sum: Record<string, number> = {};
  for (const one of all) {
    for (const [kind, amount] of Object.entries(one)) sum[kind] = (sum[kind] ?? 0) + amount;
  }
  return sum;
}

/** The estimate in words, with what it goes by. */
export function estimateText(
  estimates: readonly AgentEstimate[],
  { saidS, calls }: PlannedTurns,
): string {
  const { answerS } = supposed;
  const allS = estimates.reduce((sum, { sessionsS }) => sum + sessionsS, 0);
  return [
    'Hosted backends, which charge for it:',
    ...estimates.map(agentText),
    `  ${totalText(estimates)}`,
    `  It takes ${lengthText((allS * 1_000) / calls)} with ${calls} at once. Supposed: ${saidS.toFixed(1)} s said and ` +
      `${answerS} s answered a turn, the conversation given again for each answer, nothing cached.`,
  ].join('\n');
}

function agentText({
  agent,
  backend,
  turns,
  calls,
  sessionsS,
  quantities,
  cost,
}: AgentEstimate): string {
  const what = backend === null ? 'nobody says what answers' : `${backend.name}, ${backend.type}`;
  const tokens = Object.entries(quantities)
    .filter(([kind]) => kind.endsWith('Tokens'))
    .reduce((sum, [, amount]) => sum + amount, 0);
  const amounts = `${turns} turns in ${calls} calls, ${lengthText(sessionsS * 1_000)} of sessions, ${thousands(tokens)} tokens`;
  return `  ${agent} (${what}): ${amounts}: ${cost === null ? 'cost not known' : costText(cost)}`;
}

function totalText(estimates: readonly AgentEstimate[]): string {
  const sums = new Map<string, number>();
  for (const { cost } of estimates) {
    if (cost?.currency === null || cost === null) continue;
    sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + cost.known);
  }
  const whole = estimates.every(({ cost }) => cost !== null && cost.amount !== null);
  if (sums.size === 0) return 'Together: cost not known.';
  const amounts = [...sums].map(([currency, amount]) => money(amount, currency)).join(' and ');
  return `Together: some ${amounts}${whole ? '' : ', and what is not known'}.`;
}

function costText({ currency, amount, known, missing }: Cost): string {
  if (currency === null) return 'no prices known (give them in the gateway’s prices)';
  if (amount !== null) return `some ${money(amount, currency)}`;
  return `some ${money(known, currency)} and what is not known (${missing.join(', ')})`;
}

function money(amount: number, currency: string): string {
  return `${amount.toFixed(2)} ${currency}`;
}

function thousands(count: number): string {
  return count < 10_000 ? String(Math.round(count)) : `${Math.round(count / 1_000)} k`;
}

/** Whether a run that costs something may begin. */
export function mayBegin({
  hosted,
  yes,
  interactive,
}: {
  /** Agents with hosted backends (a count). */
  readonly hosted: number;
  readonly yes: boolean;
  /** Somebody can be asked. */
  readonly interactive: boolean;
}): 'begin' | 'ask' | 'refuse' {
  if (hosted === 0 || yes) return 'begin';
  return interactive ? 'ask' : 'refuse';
}
