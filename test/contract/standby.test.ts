import { afterEach, describe, expect, it } from 'vitest';
import { Caller, GeminiRig, wordsIn } from './gemini-rig.ts';
import { HostedRig } from '../upstream/hosted-rig.ts';
import type { ConversationItem } from '../../src/ports/conversation.ts';
import type { SessionProbe } from './session-probe.ts';

/** A session that is open for a while before it is told what was said, as one that stands by is. */
let rig: GeminiRig | HostedRig;
afterEach(() => rig.close());

const said = (
  itemId: string,
  role: 'user' | 'assistant',
  transcript: string,
): ConversationItem => ({
  kind: 'message',
  itemId,
  status: 'completed',
  role,
  content: [{ type: 'audio', transcript, durationMs: 1000 }],
});
const counted = [said('a', 'user', 'Count.'), said('b', 'assistant', '1 2 3 4 5 6 7')];
const tool: readonly ConversationItem[] = [
  {
    kind: 'tool_call',
    itemId: 'c',
    status: 'completed',
    toolCallId: 't',
    name: 'look',
    arguments: '{}',
  },
  { kind: 'tool_output', itemId: 'd', status: 'completed', toolCallId: 't', output: 'blue' },
];

/** A turn of the caller's and the line that answers it, to its end. */
async function turn(probe: SessionProbe): Promise<void> {
  const caller = new Caller(probe);
  const fromSample = await caller.words(4);
  probe.session.send({ type: 'commit', itemId: 'item_1', fromSample, toSample: caller.sample });
  probe.respond('line_1');
  await probe.until(() => probe.done('line_1') !== undefined, 30_000);
}

describe('a session of gemini-live that stands by', () => {
  it.each([
    ['gemini-3.8-live', true],
    ['gemini-3.1-flash-live-preview', true],
    ['gemini-2.5-flash-native-audio-preview', false],
  ])('is told the history when it is needed (%s)', async (model, announced) => {
    rig = await GeminiRig.start({ answers: [{ count: 3 }] }, { model });
    const probe = await rig.open({ ahead: true });
    await probe.wait(5000);
    expect(rig.upstream.history).toEqual([]);
    expect(rig.received('setup')[0]?.['historyConfig'] !== undefined).toBe(announced);
    probe.session.seed?.([...counted, ...tool]);
    await turn(probe);
    expect(wordsIn(probe.audio('line_1')).map(({ number }) => number)).toEqual([8, 9, 10]);
    expect(JSON.stringify(rig.upstream.history)).toContain('blue');
    expect(probe.ended).toBe(false);
  });

  it.each(['gemini-3.8-live', 'gemini-2.5-flash-native-audio-preview'])(
    'listens where nothing had been said at all (%s)',
    async (model) => {
      rig = await GeminiRig.start({ answers: [{ count: 3 }] }, { model });
      const probe = await rig.open({ ahead: true });
      await probe.wait(500);
      probe.session.seed?.([]);
      await turn(probe);
      expect(wordsIn(probe.audio('line_1'))).toHaveLength(3);
    },
  );

  it('knows what it is told also when its connection was another meanwhile', async () => {
    rig = await GeminiRig.start({ answers: [{ count: 3 }] }, { connectionLimitMs: 60_000 });
    const probe = await rig.open({ ahead: true });
    await probe.wait(61_000);
    expect(rig.server.sessions.length).toBeGreaterThan(1);
    probe.session.seed?.(counted);
    await turn(probe);
    expect(wordsIn(probe.audio('line_1')).map(({ number }) => number)).toEqual([8, 9, 10]);
  });
});

describe('a session of openai-realtime that stands by', () => {
  it('is told the history when it is needed, and settings only where they have changed', async () => {
    const hosted = await HostedRig.start({ answers: [{ count: 3 }] });
    rig = hosted;
    const context = hosted.context();
    const probe = await hosted.open({ ahead: true });
    await probe.wait(5000);
    expect(hosted.upstream.conversation.items).toEqual([]);
    probe.session.seed?.([...counted, ...tool]);
    probe.session.send({ type: 'configure', settings: context.settings });
    probe.respond('line_1');
    await probe.until(() => probe.done('line_1') !== undefined);
    expect(hosted.upstream.conversation.items.slice(0, 4).map(({ text }) => text)).toEqual([
      'Count.',
      '1 2 3 4 5 6 7',
      '{}',
      'blue',
    ]);
    expect(hosted.received('session.update')).toHaveLength(1);
    expect(probe.text('line_1')).toBe('8 9 10');
  });
});
