import type { World } from './world.ts';
import type { CallerState, OverlapState, TurnState } from '../../src/turn/state.ts';
import type { TurnOptions } from '../../src/turn/options.ts';

/** How far back a time still matters, ms; before that, every time is the same. */
const horizonMs = {
  thinking: 400,
  heard: 100,
  floor: 200,
  retract: 400,
  speechEnd: 500,
  away: 800,
  present: 800,
  frame: 300,
  turn: 1000,
  quiet: 200,
  proof: 100,
  stable: 100,
  tools: 300,
} as const;

/**
 * A world without its place in time and without what no rule reads any more: worlds of the same
 * name have the same future. Times are told from now, positions from the latest frame.
 */
export function nameOf(world: World, options: TurnOptions): string {
  const { turn, nowMs, line, tail, floor, promises, audioMs } = world;
  const since = (atMs: number | null, horizon: number): number | string =>
    atMs === null ? '-' : Math.max(-horizon, atMs - nowMs);
  const spoken = (positionMs: number): number => positionMs - audioMs;
  const { agent } = turn;
  const speculates = options.speculation;
  const meaning = options.detection?.kind === 'semantic_vad';
  return [
    callerName(turn.caller, spoken),
    agentName(turn, since),
    overlapName(turn, nowMs, spoken),
    Math.max(-horizonMs.floor, spoken(turn.floorAudioMs)),
    turn.caller.kind === 'silent' ? '' : since(turn.lastFrameAtMs, horizonMs.frame),
    flag(turn.owesAnswer) + flag(turn.idleArmed) + flag(turn.muted) + flag(turn.pressed),
    since(turn.committedAtMs, horizonMs.retract),
    since(turn.speechEndAtMs, horizonMs.speechEnd),
    turn.calmUntilMs === null ? '-' : Math.max(0, turn.calmUntilMs - nowMs),
    meaning ? (turn.transcript?.text ?? '-') : '',
    speculates ? since(turn.transcript?.sinceMs ?? null, horizonMs.stable) : '',
    turn.speculation?.words ?? '-',
    speculates ? turn.speculations : '',
    toolsName(turn, since),
    turn.digits === null ? '-' : `${turn.digits.text === ''}${turn.digits.atMs - nowMs}`,
    turn.aec,
    turn.echoPath[0],
    turn.clearMs,
    turn.away || agent.kind !== 'idle'
      ? flag(turn.away)
      : since(turn.presentAtMs, horizonMs.present),
    line === null
      ? '-'
      : `${line.waiting},${line.sent - line.played},${flag(line.sent > 0)}${flag(line.done)}` +
        flag(line.question) +
        flag(line.closed),
    tail,
    floor[0],
    flag(promises.answered),
    Math.max(-horizonMs.floor, spoken(promises.takenMs)),
  ].join('|');
}

function flag(value: boolean): string {
  return value ? 'y' : 'n';
}

function callerName(caller: CallerState, spoken: (positionMs: number) => number): string {
  switch (caller.kind) {
    case 'silent':
      return '';
    case 'onset':
      return `o${spoken(caller.fromAudioMs)},${caller.speechMs}`;
    case 'speaking':
    case 'paused': {
      const { kind, audioStartMs, lastSpeechAudioMs, shown } = caller;
      const pause = kind === 'paused' ? `,${caller.askedMs},${caller.score}` : '';
      const start = Math.max(-horizonMs.turn, spoken(audioStartMs));
      const last = Math.max(-horizonMs.turn, spoken(lastSpeechAudioMs));
      return `${kind[0]}${start},${last}${flag(shown)}${pause}`;
    }
  }
}

function agentName(
  { agent, away }: TurnState,
  since: (atMs: number | null, horizon: number) => number | string,
): string {
  switch (agent.kind) {
    case 'idle':
      return `i${since(agent.sinceMs, away ? horizonMs.thinking + 100 : horizonMs.away)}`;
    case 'thinking':
      return `t${agent.floor[0]}${agent.slow ? 'slow' : since(agent.sinceMs, horizonMs.thinking)}`;
    case 'speaking': {
      const { floor, closed, endsAtMs, question, sinceMs } = agent;
      const ends = since(endsAtMs, 0);
      return `s${floor[0]}${flag(closed)}${flag(question)}${ends},${since(sinceMs, horizonMs.heard)}`;
    }
  }
}

function overlapName(
  { overlap }: TurnState,
  nowMs: number,
  spoken: (positionMs: number) => number,
): string {
  switch (overlap.kind) {
    case 'none':
      return '';
    case 'candidate': {
      const { sinceMs, speechMs, echoMs, text, place } = overlap;
      const quiet =
        overlap.quietAtMs === null ? '-' : Math.max(-horizonMs.quiet, overlap.quietAtMs - nowMs);
      return `c${sinceMs - nowMs},${speechMs},${echoMs},${text},${place},${quiet},${proofName(overlap)}`;
    }
    case 'lingering': {
      const { untilMs, speechMs, echoMs, text, audioStartMs, lastSpeechAudioMs } = overlap;
      const where = `${spoken(audioStartMs)},${spoken(lastSpeechAudioMs)}`;
      const floorMs = Math.max(-1000, spoken(overlap.floorAudioMs));
      return `l${flag(overlap.answers)}${untilMs - nowMs},${speechMs},${echoMs},${text},${where},${floorMs},${proofName(overlap)}`;
    }
  }
}

/** What makes it believed: nothing more counts once it is proven. */
function proofName({
  suspect,
  doubted,
  provenMs,
  foreign,
}: OverlapState & { kind: 'candidate' | 'lingering' }): string {
  return doubted ? `${flag(suspect)}${Math.min(provenMs, horizonMs.proof)}${flag(foreign)}` : '';
}

function toolsName(
  { tools }: TurnState,
  since: (atMs: number | null, horizon: number) => number | string,
): string {
  return tools.running.length === 0
    ? ''
    : `${tools.fillers},${since(tools.sinceMs, horizonMs.tools)}`;
}
