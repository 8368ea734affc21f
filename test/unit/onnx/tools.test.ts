import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createOnnxBackend } from '../../../adapters/backends/onnx/index.ts';
import type { FrameOutput } from '../../../adapters/inference/frame-output.ts';
import { pcm16k } from '../../../src/audio/format.ts';
import type { BackendEvent, BackendSession } from '../../../src/ports/backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { ManualLinks } from '../../support/inference-manual-link.ts';
import { writePorterPackage, type PorterPackage } from '../../upstream/onnx/package.ts';

const silent: FrameOutput = { mark: null, text: null, words: null, slots: {}, call: null };
const call = { name: 'find_room', arguments: { beds: 2, view: 'sea' } };

let porter: PorterPackage;
beforeAll(async () => {
  const asks = { name: 'find_room', arguments: { beds: 2 } };
  porter = await writePorterPackage({ asks, says: ['One moment.', 'Still.', 'Twelve.', 'Bye.'] });
});
afterAll(() => porter.remove());

class Rig {
  readonly links = new ManualLinks();
  readonly clock = new ManualClock();
  readonly backend = createOnnxBackend({
    name: 'porter',
    options: { package: porter.folder },
    resolvePackage: (name) => name,
    clock: this.clock,
    openLink: this.links.open,
  });
  #at = 0;

  async open(): Promise<BackendSession> {
    const opening = this.backend.open(
      {
        callId: 'call_1',
        agent: 'porter',
        authority: 'model',
        settings: {
          instructions: '',
          voice: null,
          modality: 'audio',
          inputFormat: pcm16k,
          outputFormat: pcm16k,
          turnDetection: null,
          callerTranscripts: false,
          tools: [],
          toolChoice: { mode: 'auto' },
          maxOutputTokens: 'inf',
        },
        inputFormat: pcm16k,
        outputFormat: pcm16k,
        seed: null,
        clock: this.clock,
        ids: countingIds(),
        log: silentLogger,
      },
      new AbortController().signal,
    );
    this.links.say({ type: 'ready' });
    return opening;
  }

  /** One frame goes to the model, and this comes of it. @returns the tool result that went along */
  frame(session: BackendSession, output: FrameOutput = silent): number {
    const bytes = new Uint8Array(2560);
    const chunk = { ...pcm16k, startSample: this.#at, samples: 1280, bytes, atMs: 0 };
    this.#at += 1280;
    this.clock.advance(80);
    session.send({ type: 'audio', chunk });
    this.links.answer({ output });
    const step = this.links.sent.findLast((message) => message.type === 'step');
    return step?.type === 'step' ? (step.toolResults[0] ?? -1) : -1;
  }
}

async function ended(session: BackendSession): Promise<BackendEvent[]> {
  session.close();
  const list: BackendEvent[] = [];
  for await (const event of session.events) list.push(event);
  return list;
}

function output(toolCallId: string, text: string, failed: { failed?: true } = {}) {
  return {
    type: 'item.add' as const,
    item: {
      kind: 'tool_output' as const,
      itemId: 'item_1',
      status: 'completed' as const,
      toolCallId,
      output: text,
    },
    afterItemId: undefined,
    ...failed,
  };
}

describe('tools of a model package', () => {
  test('are what its manifest says: it listens while they run', () => {
    const { capabilities } = new Rig().backend;
    expect(capabilities.tools).toBe('asynchronous');
    expect(capabilities.transcripts).toMatchObject({ agent: true, wordTimes: true });
  });

  test('a call in a frame becomes a call of the tool, with the slots as its arguments', async () => {
    const rig = new Rig();
    const session = await rig.open();
    rig.frame(session, { ...silent, call });
    const events = await ended(session);
    expect(events.map(({ type }) => type)).toEqual(['stream.frame', 'tool.called', 'line.done']);
    const [, called, done] = events;
    expect(called).toMatchObject({ name: 'find_room', arguments: '{"beds":2,"view":"sea"}' });
    expect(called).toMatchObject({ lineId: (done as { lineId: string }).lineId });
  });

  test.each([
    ['{"room":12}', {}, 1],
    ['just words', {}, 1],
    ['{"error":"no rooms"}', {}, 2],
    ['The tool failed.', { failed: true as const }, 2],
  ])('its output %s is told in one frame as a number', async (text, failed, number) => {
    const rig = new Rig();
    const session = await rig.open();
    expect(rig.frame(session, { ...silent, call })).toBe(0);
    const [, called] = await peek(session);
    session.send(output((called as { toolCallId: string }).toolCallId, text, failed));
    expect([rig.frame(session), rig.frame(session)]).toEqual([number, 0]);
  });

  test('what it never asked for is not told, and nothing twice', async () => {
    const rig = new Rig();
    const session = await rig.open();
    session.send(output('call_of_nobody', 'x'));
    expect(rig.frame(session, { ...silent, call })).toBe(0);
    const [, called] = await peek(session);
    const { toolCallId } = called as { toolCallId: string };
    session.send(output(toolCallId, 'x'));
    session.send(output(toolCallId, 'x'));
    expect([rig.frame(session), rig.frame(session)]).toEqual([1, 0]);
  });

  test('words come with their times, and a line begins without a space', async () => {
    const rig = new Rig();
    const session = await rig.open();
    const word = (text: string, startSample: number): FrameOutput => ({
      ...silent,
      text: ` ${text}`,
      words: [{ text, startSample, endSample: startSample + 1600 }],
    });
    rig.frame(session, { ...word('One', 160), mark: 'speech_started' });
    rig.frame(session, word('moment.', 0));
    rig.frame(session, { ...silent, mark: 'speech_ended' });
    rig.frame(session, word('Twelve.', 320));
    const frames = (await ended(session)).flatMap((event) =>
      event.type === 'stream.frame' ? [[event.frame.text, event.frame.words]] : [],
    );
    expect(frames).toEqual([
      ['One', [{ text: 'One', startMs: 10, endMs: 110 }]],
      [' moment.', [{ text: 'moment.', startMs: 0, endMs: 100 }]],
      [null, undefined],
      ['Twelve.', [{ text: 'Twelve.', startMs: 20, endMs: 120 }]],
    ]);
  });
});

/** The first events that wait, without ending anything. */
async function peek(session: BackendSession): Promise<BackendEvent[]> {
  const events = session.events[Symbol.asyncIterator]();
  const list: BackendEvent[] = [];
  while (list.length < 2) {
    const next = await events.next();
    if (next.done === true) break;
    list.push(next.value);
  }
  return list;
}
