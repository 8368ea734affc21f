import { noEcho } from '../../support/no-echo.ts';
import { AgentLines } from '../../../src/call/agent-lines.ts';
import { Conversation } from '../../../src/call/conversation.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { plainScope } from '../../support/call-harness.ts';
import { plainSettings } from '../../support/fake-call.ts';
import { unasked } from '../../../src/call/line-request.ts';
import type { CallError } from '../../../src/ports/errors.ts';
import type { LineTrack } from '../../../src/call/line-track.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import type { Modality } from '../../../src/ports/settings.ts';
import type { TurnInput } from '../../../src/turn/vocabulary.ts';

export interface LinesRig {
  readonly clock: ManualClock;
  readonly conversation: Conversation;
  readonly lines: AgentLines;
  /** What the turn machine was told. */
  readonly turns: readonly TurnInput[];
  /** Lines whose hearing was settled, by each telling. */
  readonly cuts: readonly (readonly LineTrack[])[];
  readonly faults: readonly CallError[];
  /** Audio given to the client, ms. */
  sentMs(): number;
  /** Opens an in-band line. */
  open(modality?: Modality): LineTrack;
  /** Log entries of a type. */
  entries<T extends LogEntry['type']>(type: T): readonly (LogEntry & { type: T })[];
  /** What the turn machine was told of a type. */
  told<T extends TurnInput['type']>(type: T): readonly (TurnInput & { type: T })[];
}

/** The lines of a call without the call: what they say to everyone is kept. */
export function linesRig(playoutLeadMs = 200): LinesRig {
  const clock = new ManualClock();
  const scope = plainScope(clock);
  const conversation = new Conversation();
  const turns: TurnInput[] = [];
  const cuts: (readonly LineTrack[])[] = [];
  const faults: CallError[] = [];
  let sentBytes = 0;
  const lines = new AgentLines({
    scope,
    conversation,
    settings: () => ({ ...plainSettings, outputFormat: pcm24k }),
    playoutLeadMs,
    echo: noEcho(),
    roundTripMs: () => 0,
    send: () => undefined,
    turn: (input) => turns.push(input),
    write: ({ bytes }) => {
      sentBytes += bytes.byteLength;
    },
    onDelay: () => undefined,
    onCut: (tracks) => cuts.push(tracks),
    onLineDone: () => undefined,
    paired: () => false,
    onBackendFault: (error) => faults.push(error),
  });
  lines.connect(pcm24k);
  return {
    clock,
    conversation,
    lines,
    turns,
    cuts,
    faults,
    sentMs: () => sentBytes / 48,
    open: (modality = 'audio') =>
      lines.open({ ...unasked, cause: 'turn', overrides: { modality } }),
    entries: <T extends LogEntry['type']>(type: T) =>
      scope.log.entries().filter((entry): entry is LogEntry & { type: T } => entry.type === type),
    told: <T extends TurnInput['type']>(type: T) =>
      turns.filter((input): input is TurnInput & { type: T } => input.type === type),
  };
}
