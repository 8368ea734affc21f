import { describe, expect, it } from 'vitest';
import { fixture } from '../ear/speech.ts';
import { judgeAside } from '../ear/judge-thread.ts';
import { wasHeard } from '../ear/judge.ts';
import { LiveCaller } from './live-wire.ts';

/** Agents of one kind of backend, and what is known of their words. */
interface LiveAgents {
  readonly url: string;
  readonly key?: string;
  /** Models by what is done with them; a model may stand in several places. */
  readonly models: Readonly<
    Record<'talks' | 'stops' | 'mutes' | 'appends' | 'delegates' | 'acts', string>
  >;
  /** What the first recording is understood as. */
  readonly asked: string;
  /** The first answer: all of it, what it begins with, and what it ends with. */
  readonly answer: { readonly whole: string; readonly begin: string; readonly end: string };
  /** The model decides when it speaks: its first words may come among the caller's last ones. */
  readonly mayOverlap?: boolean;
  /** What is in the second answer and in no other. */
  readonly second: string;
  /** What is said about a commentary, about work that is under way, and about any result. */
  readonly told: { readonly commentary: string; readonly underWay: string; readonly late: string };
  /** Expects the first answer in a track, whole. */
  readonly expectHeard: (track: Float32Array) => void | Promise<void>;
}

/** Expects a made clip in a track, whole. */
export function heardClip(
  name: Parameters<typeof fixture>[0],
): (track: Float32Array) => Promise<void> {
  return async (track) => {
    expect(await judgeAside(track, fixture(name).samples, 24_000)).toSatisfy(wasHeard);
  };
}

/** What holds at the end of every session. */
export async function finish(live: LiveCaller): Promise<void> {
  live.microphoneOff();
  await live.until(() => live.trackMs >= live.sentMs, 'the rest of the track');
  const closed = await live.close();
  expect(closed).toMatchObject({ reason: 'close_requested', client_event_id: 'close' });
  expect(closed.usage.seconds).toBe(live.sentMs / 1000);
  expect(live.trackMs).toBe(live.sentMs);
  expect(live.clientErrors).toEqual([]);
  live.grouper.close();
}

/** What stock Live clients do in a conversation, in real time, whatever answers. */
export function liveConversations(title: string, agents: () => LiveAgents): void {
  const caller = (): LiveCaller => {
    const { url, key } = agents();
    return new LiveCaller({ url, ...(key === undefined ? {} : { key }) });
  };
  const append = (kind: string, content: string, delegation_id: string | null = null) => ({
    type: `session.${kind}.append` as 'session.commentary.append',
    event_id: kind,
    content,
    delegation_id,
  });

  describe.concurrent(title, () => {
    it('answers recorded speech: heard whole, in words of both sides', async () => {
      const { models, asked, answer, expectHeard, mayOverlap = false } = agents();
      const live = caller();
      await live.start({ model: models.talks });
      live.say(fixture('table').samples);
      await live.until(() => live.said('output').includes(answer.end), 'the whole answer');
      await live.quiet();
      await finish(live);
      await expectHeard(live.track());
      expect(live.said('output')).toBe(answer.whole);
      expect(live.said('input')).toBe(asked);
      const speakers = live.segments.map(({ speaker }) => speaker);
      expect([speakers[0], speakers.at(-1)]).toEqual(['user', 'assistant']);
      if (!mayOverlap) expect(speakers).toHaveLength(2);
    });

    it('is stopped by speech over it, and tells only what was voiced', async () => {
      const { models, answer, second } = agents();
      const live = caller();
      await live.start({ model: models.stops });
      live.say(fixture('table').samples);
      await live.until(() => live.said('output').includes(answer.begin), 'an answer');
      live.say(fixture('wait').samples);
      await live.until(() => live.said('output').includes(second), 'another answer');
      await finish(live);
      expect(live.said('output')).not.toContain(answer.end);
    });

    it('places appends of all three kinds in order, and speaks a commentary', async () => {
      const { models, told } = agents();
      const live = caller();
      await live.start({ model: models.appends });
      const kinds = ['thinking', 'commentary', 'instructions'] as const;
      for (const kind of kinds) live.send(append(kind, `Some ${kind}.`));
      await live.next('session.instructions.appended');
      const acks = live.seen.flatMap(({ event }) =>
        event.type.endsWith('.appended') ? [event] : [],
      );
      expect(acks.map(({ type }) => type)).toEqual(kinds.map((kind) => `session.${kind}.appended`));
      expect(acks.map((ack) => 'client_event_id' in ack && ack.client_event_id)).toEqual(kinds);
      await live.until(() => live.said('output').includes(told.commentary), 'the commentary');
      await finish(live);
    });

    it('delegates to the app, says so, and speaks the late result', async () => {
      const { models, told } = agents();
      const live = caller();
      await live.start({ model: models.delegates });
      live.say(fixture('table').samples);
      const { delegation } = await live.next('session.delegation.created');
      expect(delegation).toMatchObject({ type: 'delegation', target: 'client' });
      await live.until(() => live.said('output').includes(told.underWay), 'an acknowledgement');
      live.send(append('commentary', 'It is booked.', delegation.id));
      await live.next('session.commentary.appended');
      await live.until(() => live.said('output').includes(told.late), 'the result');
      await finish(live);
    });

    it('shows tool calls as Responses delegation, and goes on with their output', async () => {
      const { models, told } = agents();
      const live = caller();
      const tool = {
        type: 'function',
        name: 'count_tables',
        parameters: { type: 'object', properties: {} },
        strict: null,
      } as const;
      const started = await live.start({
        model: models.acts,
        delegation: { type: 'responses', responses: { model: 'any', tools: [tool] } },
      });
      expect(started.session.delegation).toMatchObject({ responses: { model: models.acts } });
      live.say(fixture('table').samples);
      const nested = () => live.events('response.event').map(({ event }) => event);
      const completed = () => nested().some(({ type }) => type === 'response.completed');
      await live.until(completed, 'a call');
      expect(nested().map(({ type }) => type)).toEqual([
        'response.created',
        'response.output_item.added',
        'response.function_call_arguments.delta',
        'response.function_call_arguments.done',
        'response.output_item.done',
        'response.completed',
      ]);
      live.send({ type: 'response.create', event_id: 'early' });
      expect((await live.next('error')).error.client_event_id).toBe('early');
      const { call_id } = nested()[4]!['item'] as { call_id: string };
      const output = { type: 'function_call_output', call_id, output: '7' } as const;
      live.send({ type: 'response.item.create', item: output });
      live.send({ type: 'response.create' });
      await live.until(() => live.said('output').includes(told.late), 'the answer');
      await finish(live);
    });

    it('mutes: nothing is heard and the clock runs', async () => {
      const { models, answer } = agents();
      const live = caller();
      await live.start({ model: models.mutes });
      live.send({ type: 'session.input_audio.mute', event_id: 'm' });
      expect((await live.next('session.input_audio.muted')).client_event_id).toBe('m');
      live.say(fixture('table').samples);
      await live.until(() => live.trackMs > 3_000, 'three seconds');
      expect(live.said('input')).toBe('');
      live.send({ type: 'session.input_audio.unmute' });
      await live.next('session.input_audio.unmuted');
      live.say(fixture('table').samples);
      await live.until(() => live.said('output').includes(answer.begin), 'the answer');
      await finish(live);
    });

    it('plays a fixture instead of anything else, and refuses context meanwhile', async () => {
      const live = caller();
      await live.start({ model: agents().models.appends });
      const audio = Buffer.from(live.encode(fixture('train').samples)).toString('base64');
      live.send({ type: 'session.output_audio.fixture.play', event_id: 'f', audio });
      expect((await live.next('session.output_audio.fixture.playing')).client_event_id).toBe('f');
      live.send(append('thinking', 'x'));
      expect((await live.next('error')).error.client_event_id).toBe('thinking');
      expect((await live.next('session.output_audio.fixture.played')).client_event_id).toBe('f');
      await heardClip('train')(live.track());
      await finish(live);
    });
  });
}
