import { describe, expect, it } from 'vitest';
import { encodePcm16 } from '../../src/audio/pcm16.ts';
import { TalkPlayer } from '../../src/cli/talk-player.ts';
import type { TalkEvent } from '../../src/cli/talk-socket.ts';
import { TalkTurns } from '../../src/cli/talk-turns.ts';

const rateHz = 24_000;

/** A fold whose caller's speech ended 480 ms before whatever position the server names. */
function fold(): { turns: TalkTurns; player: TalkPlayer } {
  const player = new TalkPlayer({ rateHz, bufferMs: 100, limitMs: 60_000 });
  const speechEndMs = (audioMs: number | null): number => (audioMs ?? 9_999) - 480;
  return { turns: new TalkTurns(player, { speechEndMs }, rateHz), player };
}

/** `quietMs` of silence and then a tone. */
function delta(quietMs: number, soundMs: number): string {
  const samples = new Float32Array((quietMs + soundMs) * 24);
  for (let i = quietMs * 24; i < samples.length; i += 1) samples[i] = 0.3 * Math.sin(i / 10);
  return Buffer.from(encodePcm16(samples)).toString('base64');
}

const ids = { response_id: 'resp_1', item_id: 'item_2', output_index: 0, content_index: 0 };
const stopped: TalkEvent = {
  type: 'input_audio_buffer.speech_stopped',
  item_id: 'item_1',
  audio_end_ms: 3000,
};
const committed: TalkEvent = { type: 'input_audio_buffer.committed', item_id: 'item_1' };
const created: TalkEvent = {
  type: 'response.created',
  response: { id: 'resp_1', conversation_id: 'conv_1' },
};
const audio = (quietMs: number, soundMs: number): TalkEvent => ({
  type: 'response.output_audio.delta',
  ...ids,
  delta: delta(quietMs, soundMs),
});
const said = (text: string): TalkEvent => ({
  type: 'response.output_audio_transcript.delta',
  ...ids,
  delta: text,
});
const done = (status: string, reason?: string): TalkEvent => ({
  type: 'response.done',
  response: { id: 'resp_1', status, status_details: reason === undefined ? null : { reason } },
});

describe('the turns of a talk', () => {
  it('takes the end of speech from the wave and the first sound from the audio itself', () => {
    const { turns } = fold();
    turns.push(stopped, 3010);
    turns.push(committed, 3011);
    turns.push(created, 3300);
    turns.push(audio(40, 0), 3400);
    // It comes while the first packet plays: without a buffer it follows that one at 3440.
    turns.push(audio(30, 100), 3410);
    turns.push(done('completed'), 3420);
    expect(turns.turns(5000)).toEqual([
      {
        userEndMs: 2520,
        firstPacketMs: 3400,
        firstAudioMs: 3470,
        interrupted: false,
        heardText: null,
        userText: null,
      },
    ]);
    expect(turns.settled).toBe(true);
  });

  it('tells what was heard, not what was written', () => {
    const { turns, player } = fold();
    turns.push(stopped, 3010);
    turns.push(created, 3300);
    turns.push(said('One '), 3400);
    turns.push(audio(0, 500), 3400);
    turns.push(said('two '), 3401);
    turns.push(audio(0, 500), 3401);
    turns.push(said('three.'), 3402);
    turns.push(audio(0, 500), 3402);
    // Playback began at 3500: at 4250 the second word was playing.
    player.stop(4250);
    turns.stopped('item_2');
    turns.push(done('cancelled', 'turn_detected'), 4260);
    expect(turns.turns(9000)).toMatchObject([{ interrupted: true, heardText: 'One two ' }]);
  });

  it('does not take an answer that the client cancelled for an interruption', () => {
    const { turns } = fold();
    turns.push(stopped, 3010);
    turns.push(created, 3300);
    turns.push(done('cancelled', 'client_cancelled'), 3400);
    expect(turns.turns(4000)).toMatchObject([{ interrupted: false }]);
  });

  it('counts a tool call once, with its time, and a transcript of the caller', () => {
    const { turns } = fold();
    turns.push(stopped, 3010);
    turns.push(created, 3300);
    const item = { id: 'item_3', type: 'function_call', name: 'f', arguments: '{}' };
    turns.push({ type: 'response.output_item.added', response_id: 'resp_1', item }, 3350);
    turns.push({ type: 'response.output_item.done', response_id: 'resp_1', item }, 3360);
    turns.push(
      {
        type: 'conversation.item.input_audio_transcription.completed',
        item_id: 'item_1',
        transcript: 'Hello.',
      },
      3370,
    );
    expect(turns.tools).toEqual([{ name: 'f', arguments: '{}', atMs: 3360 }]);
    expect(turns.turns(4000)).toMatchObject([{ userText: 'Hello.' }]);
  });

  it('is not settled while somebody speaks or an answer is open or awaited', () => {
    const { turns } = fold();
    expect(turns.settled).toBe(false);
    turns.push({ type: 'input_audio_buffer.speech_started', item_id: 'item_1' }, 1000);
    turns.push(stopped, 3010);
    expect(turns.settled).toBe(false);
    turns.push(created, 3300);
    expect(turns.settled).toBe(false);
    turns.push(done('completed'), 3400);
    expect(turns.settled).toBe(true);
    turns.push({ type: 'input_audio_buffer.speech_started', item_id: 'item_4' }, 3500);
    expect(turns.settled).toBe(false);
  });

  it('leaves answers out of band, which nobody hears, to no turn', () => {
    const { turns } = fold();
    turns.push(stopped, 3010);
    turns.push({ ...created, response: { id: 'resp_1', conversation_id: null } }, 3300);
    turns.push({ type: 'response.output_text.delta', ...ids, delta: 'topic' }, 3400);
    expect(turns.turns(4000)).toMatchObject([{ heardText: null, firstPacketMs: null }]);
    expect(turns.settled).toBe(false);
  });
});

describe('the player of a talk', () => {
  it('keeps to its limit and counts what it does not keep', () => {
    const player = new TalkPlayer({ rateHz, bufferMs: 0, limitMs: 1000 });
    player.push('a', new Float32Array(36_000).fill(0.5), 500);
    expect(player.refusedSamples).toBe(24_000);
    expect(player.recording(3000).filter((sample) => sample !== 0)).toHaveLength(12_000);
    expect(player.endsAtMs).toBe(2000);
  });

  it('forgets what was not played when it is stopped, and counts only what was', () => {
    const player = new TalkPlayer({ rateHz, bufferMs: 100, limitMs: 60_000 });
    player.push('a', new Float32Array(24_000).fill(0.5), 1000);
    player.push('b', new Float32Array(24_000).fill(0.5), 1000);
    expect(player.playing(1050)).toBeNull();
    expect(player.playing(1500)).toBe('a');
    player.stop(1500);
    expect(player.playedMs('a', 9000)).toBe(400);
    expect(player.playedMs('b', 9000)).toBe(0);
    expect(player.isPlaying(1501)).toBe(false);
    expect(player.recording(9000).filter((sample) => sample !== 0)).toHaveLength(9600);
  });
});
