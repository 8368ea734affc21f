import { beforeAll, expect, test } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { createCall } from '../../../src/call/call.ts';
import type { CallOptions } from '../../../src/call/options.ts';
import type { CallControl, CallView } from '../../../src/ports/client.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { GrowingFile } from '../../../src/ports/recording.ts';
import type { ToolPort } from '../../../src/ports/tool.ts';
import { CallRecorder } from '../../../src/recording/call-recorder.ts';
import type { NotedOpening } from '../../../src/recording/inputs.ts';
import { differences } from '../../../src/recording/replay/compare.ts';
import { replay } from '../../../src/recording/replay/replay.ts';
import { randomIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import {
  answer,
  audio,
  done,
  plainAgent,
  plainDetection,
  settle,
  silence,
  speech,
  text,
} from '../../support/call-harness.ts';
import { EnergyDetector } from '../../support/energy-detector.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';

beforeAll(() => prepareResampler());

interface Recording {
  readonly text: string;
  readonly sounds: Uint8Array;
  readonly log: readonly LogEntry[];
}

/** A call with a turn, a tool, an interruption and a truncation by the client, recorded. */
async function recordedCall(): Promise<Recording> {
  const files = new Map<GrowingFile, (Uint8Array | string)[]>();
  const clock = new ManualClock(123_456.789);
  const recorder = new CallRecorder({
    sink: {
      write: (file, content) => {
        const known = files.get(file) ?? [];
        files.set(file, known);
        known.push(typeof content === 'string' ? content : content.slice());
      },
      finish: () => undefined,
      discard: () => undefined,
    },
    clock,
    limitMs: 3_600_000,
    rules: null,
    redact: (entry) => entry,
    inputs: true,
  });
  const backend = new ScriptedBackend();
  const tool: ToolPort = {
    definition: { name: 'find_room', description: null, parameters: null },
    deadlineMs: 5_000,
    run: () =>
      new Promise((resolve) => void clock.timerAt(clock.nowMs() + 300, () => resolve('12'))),
  };
  const options: CallOptions = {
    callId: 'call_1',
    agent: { ...plainAgent, turns: { authority: 'auto', detection: plainDetection } },
    backends: [backend],
    detector: new EnergyDetector(),
    tools: [tool],
    clock,
    ids: randomIds((count) => Uint8Array.from({ length: count }, (_, place) => place * 7)),
    log: silentLogger,
    observers: [recorder],
    onClosed: () => undefined,
  };
  const call: CallControl = recorder.around(createCall(recorder.made(options)));
  const items: string[] = [];
  const view: CallView = {
    unsentBytes: 0,
    roundTripMs: 30,
    entry: () => undefined,
    audio: ({ itemId }) => void items.push(itemId),
    close: () => undefined,
  };
  call.attach(view);
  const pass = async (ms: number, sound: (ms: number) => Uint8Array): Promise<void> => {
    for (let at = 0; at < ms; at += 20) {
      clock.advance(20);
      call.pushAudio(sound(20));
      await settle();
    }
  };
  const asked = (): string => {
    const respond = backend.session.takeAll().find(({ type }) => type === 'respond');
    if (respond?.type !== 'respond') throw new Error('no answer was asked for');
    return respond.lineId;
  };
  await pass(200, silence);
  await pass(800, speech);
  await pass(700, silence);
  const first = asked();
  const call1 = { toolCallId: 'tool_1', name: 'find_room', arguments: '{}' };
  backend.session.emit({ type: 'tool.called', lineId: first, ...call1 }, done(first));
  await pass(600, silence);
  const second = asked();
  backend.session.emit(text(second, 'Room twelve is free. '), audio(second, answer(3_000)));
  await pass(800, silence);
  await pass(1_200, speech);
  call.execute({ type: 'item.truncate', itemId: items.at(-1)!, audioEndMs: 700 });
  await pass(900, silence);
  call.close({ kind: 'client', wireCode: 1000 });
  const bytes = (files.get('sounds') ?? []).filter((part) => typeof part !== 'string');
  const lines = (file: GrowingFile): string => (files.get(file) ?? []).join('\n');
  const log = lines('events')
    .split('\n')
    .map((line) => JSON.parse(line) as LogEntry);
  return { text: lines('inputs'), sounds: Buffer.concat(bytes), log };
}

async function again(
  recording: Recording,
  change?: (opening: NotedOpening) => NotedOpening,
): Promise<ReturnType<typeof differences>> {
  const options = change === undefined ? { settle } : { settle, change };
  const { entries } = await replay(recording, options);
  const log = JSON.parse(JSON.stringify(entries)) as readonly LogEntry[];
  return differences(recording.log, log);
}

test('a recorded call can be made again, and comes out the same', async () => {
  const recording = await recordedCall();
  const story = new Set(recording.log.map(({ type }) => type));
  for (const type of ['tool.answered', 'agent.cut', 'item.truncated', 'call.closed'] as const) {
    expect([type, story.has(type)]).toEqual([type, true]);
  }
  expect(await again(recording)).toEqual([]);
});

test('shows what another way of taking turns would have done', async () => {
  const recording = await recordedCall();
  const found = await again(recording, (opening) => {
    const detection = { ...plainDetection, silenceDurationMs: 300, interruptResponse: false };
    const turns = { ...opening.agent.turns, detection };
    return { ...opening, agent: { ...opening.agent, turns } };
  });
  const gone = found.flatMap((each) => (each.kind === 'missing' ? [each.entry.type] : []));
  expect(gone).toContain('agent.ducked');
  const moved = found.flatMap((each) =>
    each.kind === 'changed' && each.fields.includes('atMs') ? [each.recorded.type] : [],
  );
  expect(moved).toContain('turn.committed');
});

test('times may be a little apart, and how text was cut does not matter', () => {
  const entry = (more: object, atMs: number): LogEntry =>
    ({ seq: 0, atMs, ...more }) as unknown as LogEntry;
  const line = { type: 'line.text', lineId: 'line_1' };
  const recorded = [entry({ ...line, delta: 'Good ' }, 0), entry({ ...line, delta: 'day.' }, 9)];
  expect(differences(recorded, [entry({ ...line, delta: 'Good day.' }, 40)])).toEqual([]);
  expect(differences(recorded, [entry({ ...line, delta: 'Good.' }, 40)])).toHaveLength(1);
  expect(differences(recorded, [entry({ ...line, delta: 'Good day.' }, 400)])).toHaveLength(1);
});
