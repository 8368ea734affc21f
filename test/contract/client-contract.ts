import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decodeSamples, encodeSamples } from '../../src/audio/samples.ts';
import { countedSpeech, hearNumbers } from '../ear/counted-speech.ts';
import { answer, audio, done, speech, text } from '../support/call-harness.ts';
import type { ScriptedBackend, ScriptedSession } from '../support/scripted-backend.ts';
import type { ClientWire, Wish } from './client-wires.ts';
import { WireClient } from './wire-client.ts';

/** Lines of the contract that need a call, each with an agent of its own. */
const calls = [
  'malformed',
  'stubborn',
  'large',
  'slow',
  'other',
  'input',
  'output',
  'cut',
  'mute',
  'tool',
  'leaves',
  'drops',
] as const;
type Line = (typeof calls)[number];

/** A gateway for the contract: one scripted backend for each agent. */
export interface ContractStage {
  /** `ws://…` */
  readonly url: string;
  /** May do everything; may use `narrowAgent` alone, in one call; may use nothing. */
  readonly keys: Readonly<Record<'wide' | 'narrow' | 'wrong', string>>;
  readonly narrowAgent: string;
  readonly backend: (agent: string) => ScriptedBackend;
}

/** Agents that the contract needs for a wire. */
export function contractAgents({ name }: ClientWire): readonly string[] {
  return calls.map((line) => `${name}-${line}`);
}

const wordMs = 260;

/** What any view keeps to its client, whichever wire it is for. */
export function clientContract(wire: ClientWire, stage: () => ContractStage): void {
  async function call(line: Line, wish: Wish = {}) {
    const { url, keys, backend } = stage();
    const agent = `${wire.name}-${line}`;
    const client = await WireClient.open(wire, { url, key: keys.wide, agent, wish });
    await client.until(() => backend(agent).sessions.length > 0, 'a session');
    return { client, session: backend(agent).session };
  }

  describe.concurrent(`client contract: ${wire.name}`, () => {
    it('[V1] refuses openings in the wire’s own words, and gives the place back', async () => {
      const { url, keys, narrowAgent } = stage();
      const refused = (key: string | null, agent: string) =>
        WireClient.refused(wire, { url, key, agent });
      const noKey = await refused(null, narrowAgent);
      expect(noKey).toMatchObject({ code: 'invalid_api_key', status: 401 });
      expect(await refused(keys.wrong, narrowAgent)).toEqual(noKey);
      expect((await refused(keys.wide, 'nobody')).code).toBe(wire.codes.unknownAgent);
      const forbidden = await refused(keys.narrow, `${wire.name}-other`);
      expect(forbidden.code).toBe('agent_forbidden');
      const only = await WireClient.open(wire, { url, key: keys.narrow, agent: narrowAgent });
      const second = await refused(keys.narrow, narrowAgent);
      expect(second).toMatchObject({ code: 'too_many_calls', status: 429 });
      await only.leave();
      const again = await WireClient.open(wire, { url, key: keys.narrow, agent: narrowAgent });
      await again.leave();
    });

    it('[V2] answers what is malformed with one error each, and goes on', async () => {
      const { client } = await call('malformed');
      const append = wire.append('');
      const cases = [
        ['{"type":', 'invalid_json', null, null],
        ['[]', 'invalid_event', null, null],
        [new Uint8Array(8), 'invalid_event', null, null],
        [{ type: 'nope', event_id: 'e' }, wire.codes.unknownEvent, 'type', 'e'],
        [{ type: 'constructor' }, wire.codes.unknownEvent, 'type', null],
        [{ ...append, audio: 'AA!A' }, 'invalid_audio', 'audio', 'append'],
        [{ ...append, audio: 'AAAA' }, 'invalid_audio', 'audio', 'append'],
        [{ ...append, audio: 7 }, 'invalid_value', 'audio', 'append'],
      ] as const;
      for (const [place, [message, code, param, eventId]] of cases.entries()) {
        client.send(message);
        await client.until(() => client.errors.length > place, code);
        expect(client.errors[place]).toEqual({ code, param, eventId });
      }
      await client.works();
      expect(await client.leave()).toBe(1000);
    });

    it('[V3] forgives nineteen in a row, and closes after twenty', async () => {
      const { client, session } = await call('stubborn');
      for (let bad = 0; bad < 19; bad += 1) client.send('no');
      await client.works();
      for (let bad = 0; bad < 25; bad += 1) client.send('no');
      expect(await client.closed).toBe(1008);
      expect(client.errors.at(-1)?.code).toBe('too_many_invalid_events');
      expect(client.errors.filter(({ code }) => code === 'invalid_json')).toHaveLength(39);
      expect(session.closed).toBe(true);
    });

    it('[V4] refuses a message that is too large, and closes', async () => {
      const { client } = await call('large');
      client.send('x'.repeat(24 * 1024 * 1024));
      expect(await client.closed).toBe(1009);
      expect(client.errors.map(({ code }) => code)).toEqual(['message_too_large']);
    });

    it('[V5] gives caller audio on as it came, however it was cut', async () => {
      const { client, session } = await call('input');
      const { samples } = countedSpeech({ firstNumber: 1, words: 8, rateHz: 24_000 });
      const bytes = Buffer.from(encodeSamples(samples, 'pcm16'));
      const sizes = [2, 4_800, 960, 1_778, 9_600, 34];
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length]!;
        client.append(bytes.subarray(at, at + size));
        at += size;
      }
      const heard = () => Buffer.concat(session.audio.map((chunk) => chunk.bytes));
      await client.until(() => heard().length >= bytes.length, 'all of it');
      expect(heard().equals(bytes)).toBe(true);
      expect(await client.leave()).toBe(1000);
    });

    it('[V6] gives an answer whole and once, with at most one end', async () => {
      const { client, session } = await call('output');
      const lineId = await asked(client, session);
      counts(session, lineId, 6);
      session.emit(done(lineId));
      await client.until(() => numbersOf(client).length >= 6, 'six words');
      await sleep(400);
      expect(numbersOf(client)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(client.events.filter(wire.isEnd)).toHaveLength(wire.endsAnswers ? 1 : 0);
      expect(await client.leave()).toBe(1000);
    });

    it('[V7] sends nothing of what was cut, and history is what was heard', async () => {
      const { client, session } = await call('cut');
      const lineId = await asked(client, session);
      for (let word = 0; word < 30; word += 1) {
        session.emit(text(lineId, 'word '), audio(lineId, quietAnswer(wordMs)));
      }
      await client.until(() => loudMs(client) > 1_000, 'a second of it');
      client.say(speech(1_500));
      const truncated = () => session.leftovers.find(({ type }) => type === 'truncate');
      await client.until(() => truncated() !== undefined, 'a truncation');
      const sentMs = loudMs(client);
      await sleep(700);
      const afterMs = loudMs(client);
      // A frame that was on its way may have come since.
      expect(afterMs - sentMs).toBeLessThanOrEqual(120);
      const told = truncated();
      if (told?.type !== 'truncate') throw new Error('no truncation');
      expect(told.lineId).toBe(lineId);
      expect(told.heardMs).toBeLessThanOrEqual(afterMs + 20);
      expect(told.heardMs).toBeGreaterThan(afterMs - 1_000);
      // A word is heard when half of it was.
      const words = (told.heardText ?? '').trim().split(' ').length;
      expect(Math.abs(words * wordMs - told.heardMs)).toBeLessThanOrEqual(wordMs);
      expect(session.leftovers.filter(({ type }) => type === 'cancel')).toHaveLength(1);
      if (wire.endsAnswers) expect(client.events.filter(wire.isEnd)).toHaveLength(1);
      expect(await client.leave()).toBe(1000);
    });

    it('[V8] lets go of who does not read, and no other call feels it', async () => {
      const { client, session } = await call('slow', { instructions: 'x'.repeat(60_000) });
      const other = await call('other');
      client.socket.pause();
      for (let message = 0; message < 600; message += 1) client.send(wire.heavy);
      await other.client.until(() => session.closed, 'an end of the slow call');
      await other.client.works();
      client.socket.resume();
      expect(await client.closed).toBe(1013);
      expect(await other.client.leave()).toBe(1000);
    });

    it('[V9] ends the caller’s turn when the microphone is switched off', async () => {
      const { client, session } = await call('mute');
      client.say(speech(6_000));
      await client.until(() => session.audio.length >= 10, 'a second of speech');
      client.send(wire.mute(true));
      const committed = () => session.leftovers.some(({ type }) => type === 'commit');
      await client.until(committed, 'the end of the turn', 2_000);
      session.takeAll();
      await sleep(1_000);
      expect(session.leftovers.map(({ type }) => type)).not.toContain('commit');
      client.send(wire.mute(false));
      await client.until(committed, 'a turn of what is said then');
      expect(await client.leave()).toBe(1000);
    });

    it('[V10] hands a function call over, and the agent goes on with its output', async () => {
      const { client, session } = await call('tool', { tool: true });
      const lineId = await asked(client, session);
      const called = { type: 'tool.called', lineId, name: 'look', arguments: '{}' } as const;
      session.emit({ ...called, toolCallId: 'call_1' }, done(lineId));
      await client.until(() => client.events.filter(wire.isEnd).length === 1, 'the end of a round');
      expect(client.events.flatMap((event) => wire.callOf(event) ?? [])).toEqual(['call_1']);
      session.takeAll();
      for (const event of wire.output('call_1', '7')) client.send(event);
      const next = await answering(client, session);
      const added = session.leftovers.find(({ type }) => type === 'item.add');
      expect(added).toMatchObject({ item: { kind: 'tool_output', output: '7' } });
      counts(session, next, 3);
      session.emit(done(next));
      await client.until(() => numbersOf(client).length >= 3, 'three words');
      await sleep(400);
      expect(client.events.filter(wire.isEnd)).toHaveLength(wire.endsAnswers ? 2 : 1);
      expect(client.errors).toEqual([]);
      expect(await client.leave()).toBe(1000);
    });

    it('[V11] frees the call when its client leaves, and when it is gone', async () => {
      const leaving = await call('leaves');
      expect(await leaving.client.leave()).toBe(1000);
      await leaving.client.until(() => leaving.session.closed, 'an end of the call');
      const dropping = await call('drops');
      dropping.client.socket.terminate();
      await dropping.client.until(() => dropping.session.closed, 'an end of the call', 2_000);
    });
  });
}

/** The caller says something, and the backend is asked for an answer. @returns its line */
async function asked(client: WireClient, session: ScriptedSession): Promise<string> {
  client.say(speech(600));
  return await answering(client, session);
}

async function answering(client: WireClient, session: ScriptedSession): Promise<string> {
  const respond = () => session.leftovers.find(({ type }) => type === 'respond');
  await client.until(() => respond() !== undefined, 'a request for an answer');
  const command = respond();
  if (command?.type !== 'respond') throw new Error('no request');
  return command.lineId;
}

/** The agent counts from 1, word by word. */
function counts(session: ScriptedSession, lineId: string, words: number): void {
  for (let number = 1; number <= words; number += 1) {
    const { samples } = countedSpeech({ firstNumber: number, words: 1, rateHz: 24_000 });
    const bytes = new Uint8Array(wordMs * 48);
    bytes.set(encodeSamples(samples, 'pcm16').subarray(0, bytes.length));
    session.emit(text(lineId, `${number} `), audio(lineId, bytes));
  }
}

function numbersOf(client: WireClient): number[] {
  const samples = decodeSamples(new Uint8Array(client.heard), 'pcm16');
  return hearNumbers(samples, 24_000).map(({ number }) => number);
}

/** Not louder than the caller, who would else be taken for its echo; hardly a sample of it is 0. */
function quietAnswer(ms: number): Uint8Array {
  const samples = new Int16Array(answer(ms).buffer).map((sample) => Math.round(sample / 10));
  return new Uint8Array(samples.buffer);
}

/** How much of what came is not silence, ms. */
function loudMs({ heard }: WireClient): number {
  let loud = 0;
  for (let at = 0; at + 1 < heard.length; at += 2) if (heard.readInt16LE(at) !== 0) loud += 1;
  return loud / 24;
}
