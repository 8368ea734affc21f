import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../../src/ports/log.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import { openAiWire } from '../../conformance/openai-wire.ts';
import { throwAwayCertificate } from '../../conformance/stage.ts';
import { Ear } from '../../ear/ear.ts';
import type { ServerEvent } from '../../ear/wire.ts';
import { fixture, speechRateHz, type FixtureName } from '../../ear/speech.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startHydraStandIn, type HydraStandIn } from '../../upstream/hydra/server.ts';
import { startDeepgramStandIn } from '../../upstream/stt/deepgram-server.ts';
import type { SttFault } from '../../upstream/stt/options.ts';
import type { SttStandIn } from '../../upstream/stt/server.ts';

const key = 'side/listener+secret=1';

/** Who answers, and what becomes of the one who listens beside it. */
const agents: Readonly<
  Record<
    string,
    {
      answers: 'hydra' | 'rehearsal';
      /** What its caller is understood to say; `counted`: what is really said, as counted speech. */
      said: readonly FixtureName[] | 'counted';
      fault?: SttFault;
      model?: string;
      /** Words of the answer. */
      words?: number;
    }
  >
> = {
  captioned: { answers: 'hydra', said: ['table', 'thanks'] },
  nova: { answers: 'hydra', said: ['table'], model: 'nova-3' },
  interrupted: { answers: 'rehearsal', said: ['table', 'uh-huh', 'wait'] },
  worded: { answers: 'hydra', said: 'counted', words: 8, model: 'nova-3' },
  cut: { answers: 'hydra', said: 'counted', words: 40, model: 'nova-3' },
  deserted: { answers: 'hydra', said: ['table', 'thanks'] },
  refused: {
    answers: 'hydra',
    said: ['table'],
    fault: { kind: 'refuse', status: 401, sessions: 99 },
  },
};

/** The stock client, the whole gateway, Hydra and Deepgram as stand-ins. Clock and sockets are real. */
describe('a listener beside a backend', () => {
  const hydras = new Map<string, HydraStandIn>();
  const ears = new Map<string, SttStandIn>();
  const logged: { readonly event: string; readonly fields: object }[] = [];
  let gateway: TestGateway;
  let ca: string;

  beforeAll(async () => {
    vi.stubEnv('SIDE_KEY', key);
    for (const [name, { said, fault, words = 6 }] of Object.entries(agents)) {
      ears.set(
        name,
        await startDeepgramStandIn({
          apiKey: key,
          delayMs: { p50: 60, p95: 120 },
          script:
            said === 'counted'
              ? { kind: said }
              : { kind: 'told', utterances: said.map(utteranceOf) },
          ...(fault === undefined ? {} : { fault }),
        }),
      );
      hydras.set(
        name,
        await startHydraStandIn({ apiKey: key, answers: [{ words }, { words: 3 }] }),
      );
    }
    const config = {
      backends: {
        slow: { type: 'rehearsal', script: longScript, firstAudioMs: { p50: 100, p95: 120 } },
        ...Object.fromEntries(
          [...hydras].map(([name, { url }]) => [
            name,
            { type: 'hydra', apiKeyEnv: 'SIDE_KEY', url },
          ]),
        ),
      },
      agents: Object.fromEntries(
        Object.entries(agents).map(([name, { answers, said, model = 'flux-general-en' }]) => [
          name,
          {
            backends: [answers === 'hydra' ? name : 'slow'],
            listener: {
              type: 'deepgram',
              model,
              apiKeyEnv: 'SIDE_KEY',
              url: ears.get(name)!.url,
              agent: said === 'counted',
            },
          },
        ]),
      ),
    };
    const note = (event: string, fields: object = {}): void => {
      logged.push({ event, fields });
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    const tls = await throwAwayCertificate();
    ca = tls.cert;
    gateway = await startGateway({ config: JSON.stringify(config), log, tls });
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([...hydras.values(), ...ears.values()].map((server) => server.close()));
    vi.unstubAllEnvs();
  });

  const call = (agent: string): Promise<Ear> =>
    Ear.connect(openAiWire({ url: gateway.url, model: agent, ca }));

  describe('in calls of its own', { concurrent: true }, () => {
    it.each(['captioned', 'nova'])('gives Hydra’s callers captions: %s', async (agent) => {
      const ear = await call(agent);
      const captions: unknown[] = [];
      const clips = agents[agent]!.said as readonly FixtureName[];
      for (const clip of clips) {
        const from = ear.events.length;
        ear.say(fixture(clip).samples);
        const { event } = await ear.waitFor(completed, { from });
        captions.push(event['transcript']);
        await ear.waitFor('response.done', { from });
        await ear.untilQuiet(300);
        const itemId = event['item_id'];
        ear.send({ type: 'conversation.item.retrieve', item_id: itemId });
        const retrieved = await ear.waitFor('conversation.item.retrieved', { from });
        expect(retrieved.event['item']).toMatchObject({
          id: itemId,
          content: [{ type: 'input_audio', transcript: event['transcript'] }],
        });
      }
      await ear.close();
      expect(captions).toEqual(clips.map((clip) => fixture(clip).text));
      expect(ear.events[0]?.event['session']).not.toMatchObject({
        audio: { input: { transcription: null } },
      });
      expect(ear.types).not.toContain('error');
      expect(ears.get(agent)!.stats.violations).toEqual([]);
      expect(hydras.get(agent)!.sessions.at(-1)!.violations).toEqual([]);
    });

    it('knows the words of an agent whose backend tells none', async () => {
      const ear = await call('worded');
      ear.say(fixture('table').samples);
      const done = await ear.waitFor('response.done');
      await ear.untilQuiet(300);
      await ear.close();
      const [item] = (done.event['response'] as { output: readonly WireMessage[] }).output;
      expect(item?.content[0]?.transcript).toBe('0 1 2 3 4 5 6 7');
      const deltas = ear.events.filter(
        ({ event }) => event.type === 'response.output_audio_transcript.delta',
      );
      // They come with the audio that says them, not in one piece.
      expect(deltas.length).toBeGreaterThanOrEqual(4);
      expect(ear.types).not.toContain('error');
    });

    it('knows what was heard of an agent that was cut', async () => {
      const ear = await call('cut');
      ear.say(fixture('table').samples);
      await ear.untilPlaying(2000);
      const from = ear.events.length;
      ear.say(fixture('wait').samples);
      const truncated = await ear.waitFor('conversation.item.truncated', { from });
      await ear.waitFor('response.done', { from });
      await ear.untilQuiet(300);
      const retrieved = ear.events.length;
      ear.send({ type: 'conversation.item.retrieve', item_id: truncated.event['item_id'] });
      const { event } = await ear.waitFor('conversation.item.retrieved', { from: retrieved });
      await ear.close();
      const { content } = event['item'] as WireMessage;
      const heard = content[0]!.transcript.split(' ').map(Number);
      // A word of counted speech takes 260 ms.
      const audioEndMs = Number(truncated.event['audio_end_ms']);
      expect(Math.abs(heard.length - audioEndMs / 260)).toBeLessThan(2.5);
      expect(audioEndMs).toBeLessThan(39 * 260);
      expect(heard).toEqual(heard.map((_, i) => i));
    });

    it('lets words interrupt an agent whose backend tells none', async () => {
      const ear = await call('interrupted');
      ear.say(fixture('table').samples);
      await ear.untilPlaying(1200);
      const from = ear.events.length;
      ear.say(fixture('uh-huh').samples);
      await ear.pause(1500);
      // Nobody was interrupted by someone who listens.
      expect(ear.types.slice(from)).not.toContain('input_audio_buffer.speech_started');
      ear.say(fixture('wait').samples);
      const cancelled = await ear.waitFor('response.done', { from });
      expect(cancelled.event['response']).toMatchObject({
        status: 'cancelled',
        status_details: { reason: 'turn_detected' },
      });
      const { event } = await ear.waitFor('input_audio_buffer.committed', { from });
      expect(event['item_id']).toBeTypeOf('string');
      const events = await logOf('interrupted');
      await ear.close();
      expect(events.filter(({ type }) => type === 'speech.interrupted')).toEqual([
        expect.objectContaining({ by: 'words' }),
      ]);
      expect(events.filter(({ type }) => type === 'speech.dismissed')).toHaveLength(1);
    });

    it.each(['deserted', 'refused'])('may go without the call noticing: %s', async (agent) => {
      const ear = await call(agent);
      if (agent === 'deserted') {
        ear.say(fixture('table').samples);
        await ear.waitFor(completed);
        await ear.waitFor('response.done');
        await ear.untilQuiet(300);
        await ears.get(agent)!.close();
      }
      const from = ear.events.length;
      ear.say(fixture('thanks').samples);
      // On a busy machine the speech may come in two pieces: then the first answer is cut.
      await ear.waitFor(isCompleted, { from });
      await ear.waitFor('conversation.item.input_audio_transcription.failed', { from });
      await ear.waitFor('error');
      await ear.untilQuiet(300);
      const events = await logOf(agent);
      await ear.close();
      expect(ear.closed?.code).toBe(1000);
      const errors = ear.events.filter(({ event }) => event.type === 'error');
      expect(errors.map(({ event }) => event['error'])).toEqual([
        expect.objectContaining({ code: 'listener_failed' }),
      ]);
      expect(events.filter(({ type }) => type === 'fault')).toHaveLength(1);
      // A turn that nobody wrote down is told as one.
      expect(ear.types.slice(from)).not.toContain(completed);
      expect(events.some(({ type }) => type === 'caller.transcript_lost')).toBe(true);
    });
  });

  /** The log of an agent's only call. */
  const logOf = async (agent: string): Promise<readonly LogEntry[]> => {
    const { calls } = JSON.parse(await get('/api/calls')) as {
      readonly calls: readonly { readonly callId: string; readonly agent: string }[];
    };
    const { callId } = calls.find((each) => each.agent === agent)!;
    const record = JSON.parse(await get(`/api/calls/${callId}`)) as {
      readonly events: readonly LogEntry[];
    };
    return record.events;
  };
  const get = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      request(`${gateway.url}${path}`, { ca }, (answer) => {
        void text(answer).then(resolve, reject);
      })
        .on('error', reject)
        .end();
    });

  it('tells what it cost, and keeps the key to itself', async () => {
    await vi.waitFor(() => {
      const used = logged.filter(({ event }) => event === 'listener.used');
      // Of two of them, the agent was heard too.
      expect(used.length).toBe(Object.keys(agents).length + 2);
    });
    const lines = JSON.stringify(logged);
    expect(lines).not.toContain(key);
    expect(lines).not.toContain(encodeURIComponent(key));
    const metrics = await get('/metrics');
    const audio = /^parley_listener_audio_seconds_total\{listener="captioned\.listener"\} (\S+)$/m;
    expect(Number(audio.exec(metrics)?.[1])).toBeGreaterThan(2);
  });

  it('leaves no session behind', async () => {
    await vi.waitFor(() =>
      expect([...ears.values()].map(({ open }) => open)).toEqual([...ears].map(() => 0)),
    );
  });
});

interface WireMessage {
  readonly content: readonly { readonly transcript: string }[];
}

function isCompleted({ type, response }: ServerEvent): boolean {
  return type === 'response.done' && (response as { status: string }).status === 'completed';
}

const completed = 'conversation.item.input_audio_transcription.completed';

const longScript = {
  turns: [
    {
      text:
        'This is a long answer, made for trying out what happens when you interrupt. ' +
        'I go on for a while, sentence after sentence, and none of it matters much. ' +
        'If you speak now, I should stop at once. If you do not, I come to an end by myself.',
    },
  ],
};

function utteranceOf(clip: FixtureName): { text: string; durationMs: number } {
  const { text, samples } = fixture(clip);
  // The clips have 150 ms of silence at either end.
  return { text, durationMs: samples.length / (speechRateHz / 1000) - 300 };
}
