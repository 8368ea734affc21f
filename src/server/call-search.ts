import type { CallQuery, CallRecord } from '../ports/store.ts';

/** Whether a call is of the agents that are asked for and has each of the words somewhere. */
export function isFound(
  record: Omit<CallRecord, 'events'>,
  { agents, words }: Pick<CallQuery, 'agents' | 'words'>,
): boolean {
  const { callId, agent, backend, turns, disposition } = record;
  if (agents !== null && !agents.includes(agent)) return false;
  if (words.length === 0) return true;
  const said = turns.map(({ userText, heardText }) => `${userText ?? ''} ${heardText ?? ''}`);
  const marks = [disposition?.value ?? '', disposition?.note ?? ''];
  const whole = [callId, agent, backend, ...marks, ...said].join(' ').toLowerCase();
  return words.every((word) => whole.includes(word.toLowerCase()));
}

/** A call without its log, JSON. */
export function summaryText(record: CallRecord): string {
  return JSON.stringify({ ...record, events: undefined });
}
