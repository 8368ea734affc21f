import { turnStages, type TurnStages } from '../ports/stages.ts';
import type { TalkSpend } from './call-lookup.ts';
import type { TalkResult } from './talk.ts';

/** A talk in words, for people; `--json` gives the whole of it. */
export function talkReport(result: TalkResult): string {
  const { agent, backend, callId, durationMs, out, tools, turns } = result;
  const who = `${agent ?? 'the default agent'}${backend === null ? '' : ` on ${backend}`}`;
  const lines = [
    `${seconds(durationMs)} with ${who}${callId === null ? '' : ` (${callId})`}`,
    ...turns.flatMap((turn, place) => {
      const wait = waitText(turn.userEndMs, turn.firstAudioMs);
      const said = turn.userText === null ? '' : ` — you: ${JSON.stringify(turn.userText)}`;
      const heard = turn.heardText === null ? '' : ` — agent: ${JSON.stringify(turn.heardText)}`;
      const cut = turn.interrupted ? ', interrupted' : '';
      const line = `turn ${place + 1}: ${wait}${cut}${said}${heard}`;
      return turn.stages === null ? [line] : [line, `  ${stagesText(turn.stages)}`];
    }),
    ...tools.map(({ name, atMs }) => `tool ${name} called at ${seconds(atMs)}`),
  ];
  lines.push(...result.spend.map(spendText));
  if (turns.length === 0) lines.push('no turn was detected');
  if (out !== null) lines.push(`recorded to ${out} (left = caller, right = agent)`);
  return lines.join('\n');
}

/** The silence as the server saw it, in its parts. */
function stagesText({ partsMs, silenceMs }: TurnStages): string {
  const parts = turnStages.flatMap((stage) => {
    const partMs = partsMs[stage];
    return partMs === null ? [] : [`${stage.replaceAll('_', ' ')} ${Math.round(partMs)}`];
  });
  return `silence ${Math.round(silenceMs)} ms: ${parts.join(' + ')}`;
}

function waitText(userEndMs: number | null, firstAudioMs: number | null): string {
  if (firstAudioMs === null) return 'no audible answer';
  if (userEndMs === null) return `answer heard at ${seconds(firstAudioMs)}`;
  return `first audio after ${Math.round(firstAudioMs - userEndMs)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function spendText({ currency, amount, known, missing }: TalkSpend): string {
  if (amount !== null) return `cost ${amount.toFixed(4)} ${currency ?? ''}`.trimEnd();
  const rest = `no price is known for ${missing.join(', ')}`;
  return currency === null
    ? `cost unknown: ${rest}`
    : `cost over ${known.toFixed(4)} ${currency}: ${rest}`;
}
