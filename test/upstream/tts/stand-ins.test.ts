import { DeepgramClient } from '@deepgram/sdk';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { waitFor } from '../../contract/utterance-probe.ts';
import { tonesIn, tonesOf } from '../openai-speech/tone-voice.ts';
import { passTime } from '../pass-time.ts';
import { rigKey, vendors, type VendorName } from './rig.ts';
import type { VoiceStandIn } from './server.ts';

const text = 'Good morning dear caller.';
const clock = new ManualClock();
const pass = passTime(clock);
let server: VoiceStandIn;
afterEach(() => server.close());

/** A client without any wisdom of its own. */
async function connect(
  name: VendorName,
  path: string,
): Promise<{
  say: (message: object) => void;
  heard: Readonly<Record<string, unknown>>[];
  audio: Buffer[];
  closed: string[];
}> {
  server = await vendors[name].start({ clock, apiKey: rigKey });
  const headers = {
    'xi-api-key': rigKey,
    'cartesia-version': '2026-03-01',
    authorization: `${name === 'aura' || name === 'flux' ? 'Token' : 'Bearer'} ${rigKey}`,
  };
  const socket = new WebSocket(server.url + path, { headers });
  const heard: Readonly<Record<string, unknown>>[] = [];
  const audio: Buffer[] = [];
  const closed: string[] = [];
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) audio.push(data);
    else heard.push(JSON.parse(data.toString('utf8')) as Readonly<Record<string, unknown>>);
  });
  socket.on('close', (code, reason) => closed.push(`${code} ${reason.toString('utf8')}`));
  socket.on('error', (error) => closed.push(error.message));
  await waitFor(pass, 'open', () => socket.readyState !== WebSocket.CONNECTING);
  return { say: (message) => socket.send(JSON.stringify(message)), heard, audio, closed };
}

const eleven =
  '/v1/text-to-speech/v/multi-stream-input?model_id=m&output_format=pcm_24000&auto_mode=true';
const aura = '/v1/speak?model=aura-2-x-en&encoding=linear16&sample_rate=24000';
const flux = '/v2/speak?model=flux-x-en&encoding=linear16&sample_rate=24000';

describe('the stand-in for elevenlabs', () => {
  test('closes at the sixth context', async () => {
    const { closed, heard, say } = await connect('elevenlabs', eleven);
    for (let id = 0; id < 6; id += 1) say({ text: ' ', context_id: `c${id}` });
    await pass(60);
    expect(closed).toEqual(['1008 max_active_conversations']);
    expect(heard).toMatchObject([{ error: 'max_active_conversations' }]);
  });

  test('goes on speaking a context that is closed, and then says that it is over', async () => {
    const { heard, say } = await connect('elevenlabs', eleven);
    say({ text: ' ', context_id: 'a' });
    say({ text, context_id: 'a' });
    await waitFor(pass, 'audio', () => heard.length > 0);
    say({ context_id: 'a', close_context: true });
    await waitFor(pass, 'the end', () => heard.some((message) => message['isFinal'] === true));
    const bytes = heard.map(({ audio }) =>
      Buffer.from((audio as string | undefined) ?? '', 'base64'),
    );
    expect(tonesIn(Buffer.concat(bytes), 24_000)).toEqual(tonesOf(text));
  });

  test.each(['/v1/speak', '/v1/text-to-speech/v/multi-stream-input?model_id=m&output_format=mp3'])(
    'refuses %s',
    async (path) => {
      const { closed } = await connect('elevenlabs', path);
      await pass(40);
      expect(closed[0]).toContain('400');
    },
  );
});

describe('the stand-in for cartesia', () => {
  const request = {
    context_id: 'a',
    model_id: 'm',
    transcript: 'Good',
    voice: { mode: 'id', id: 'v' },
    output_format: { container: 'raw', encoding: 'pcm_s16le', sample_rate: 24_000 },
  };

  test('forgets a context a second after its audio, and takes no more for it', async () => {
    const { heard, say } = await connect('cartesia', '');
    say({ ...request, continue: true });
    await pass(3000);
    expect(heard.map(({ type }) => type)).toEqual(['chunk', 'chunk', 'done']);
    say({ ...request, continue: true });
    await pass(60);
    expect(heard.at(-1)).toMatchObject({ type: 'error', error_code: 'context_closed' });
  });

  test('takes no other voice within a context, and no unknown field', async () => {
    const { heard, say } = await connect('cartesia', '');
    say({ ...request, continue: true });
    say({ ...request, voice: { mode: 'id', id: 'w' } });
    say({ ...request, context_id: 'b', tempo: 1 });
    await pass(40);
    expect(heard.filter(({ type }) => type === 'error')).toHaveLength(2);
    expect(server.stats.violations).toHaveLength(2);
  });
});

describe('the stand-in for aura', () => {
  test('says nothing without a flush, and no more than 20 a minute', async () => {
    const { audio, closed, heard, say } = await connect('aura', aura);
    say({ type: 'Speak', text });
    await pass(1000);
    expect(audio).toEqual([]);
    for (let flush = 0; flush < 21; flush += 1) say({ type: 'Flush' });
    await pass(8000);
    expect(tonesIn(Buffer.concat(audio), 24_000)).toEqual(tonesOf(text));
    expect(heard.filter(({ type }) => type === 'Flushed')).toHaveLength(20);
    expect(heard.filter(({ type }) => type === 'Warning')).toHaveLength(1);
    say({ type: 'Sing' });
    await pass(40);
    expect(closed).toEqual(['1008 DATA-0000']);
  });
});

describe('the stand-in for flux', () => {
  test('ignores interruptions that cannot be', async () => {
    const { heard, say } = await connect('flux', flux);
    const interrupt = (value: number): void =>
      say({ type: 'Interrupt', playback_offset: { type: 'time_ms', value } });
    say({ type: 'Flush' });
    say({ type: 'Speak', text });
    interrupt(1);
    await waitFor(pass, 'the turn', () => heard.some(({ type }) => type === 'SpeechStarted'));
    await pass(600);
    interrupt(200);
    await pass(40);
    interrupt(210);
    say({ type: 'Speak', text });
    await pass(600);
    interrupt(200);
    await pass(40);
    const told = heard.map(({ code, text_spoken: spoken, type }) => code ?? spoken ?? type);
    expect(told).toEqual([
      'Connected',
      'NO_ACTIVE_SPEECH',
      'SpeechStarted',
      'NO_AUDIO_GENERATED',
      'Good',
      'NO_ACTIVE_SPEECH',
      'SpeechStarted',
      'INVALID_INTERRUPT_OFFSET',
    ]);
  });

  test('an idle client is told so', async () => {
    const { closed, heard } = await connect('flux', flux);
    await pass(61_000);
    expect(heard.at(-1)).toMatchObject({ type: 'Error', code: 'NET-0004' });
    expect(closed).toEqual(['1011 NET-0004']);
  });
});

describe('the stand-in for lightning', () => {
  test('waits before it says that it is done, unless it is asked not to', async () => {
    const { heard, say } = await connect('lightning', '');
    const request = { voice_id: 'v', text: 'Good', request_id: 'r', sample_rate: 24_000 };
    say(request);
    await pass(3000);
    expect(heard.map(({ status }) => status)).toEqual(['chunk', 'chunk']);
    await pass(2000);
    expect(heard.at(-1)).toMatchObject({ status: 'complete', external_request_id: 'r' });
    say({ ...request, sample_rate: 1 });
    await pass(40);
    expect(heard.at(-1)).toMatchObject({ status: 'error', error: { message: 'sample_rate' } });
  });
});

/** Audio comes as a blob, whose type is empty. */
function typeOf(message: unknown): string {
  const type = (message as { readonly type?: string }).type ?? '';
  return type === '' ? 'audio' : type;
}

describe("the vendor's own client", () => {
  const client = (): DeepgramClient =>
    new DeepgramClient({
      apiKey: rigKey,
      environment: {
        base: 'http://127.0.0.1:1',
        production: server.origin,
        agent: 'ws://127.0.0.1:1',
        agentRest: 'http://127.0.0.1:1',
      },
    });
  const common = {
    encoding: 'linear16' as const,
    sample_rate: '24000' as const,
    Authorization: `Token ${rigKey}`,
    reconnectAttempts: 0,
  };

  test('speaks with the stand-in for aura', async () => {
    server = await vendors.aura.start({ clock, apiKey: rigKey });
    const socket = await client().speak.v1.connect({ ...common, model: 'aura-2-thalia-en' });
    const heard: unknown[] = [];
    socket.on('message', (message) => heard.push(message));
    socket.connect();
    await socket.waitForOpen();
    socket.sendText({ type: 'Speak', text });
    socket.sendFlush({ type: 'Flush' });
    await pass(3000);
    socket.sendClear({ type: 'Clear' });
    await pass(100);
    const types = heard.map(typeOf);
    expect(new Set(types)).toEqual(new Set(['Metadata', 'audio', 'Flushed', 'Cleared']));
    socket.close();
  });

  test('speaks with the stand-in for flux', async () => {
    server = await vendors.flux.start({ clock, apiKey: rigKey });
    const socket = await client().speak.v2.connect({ ...common, model: 'flux-alexis-en' });
    const heard: unknown[] = [];
    socket.on('message', (message) => heard.push(message));
    socket.connect();
    await socket.waitForOpen();
    socket.sendSpeak({ type: 'Speak', text });
    await pass(500);
    socket.sendInterrupt({ type: 'Interrupt', playback_offset: { type: 'time_ms', value: 200 } });
    await pass(100);
    const types = heard.map(typeOf);
    expect(types.slice(0, 2)).toEqual(['Connected', 'SpeechStarted']);
    expect(heard.at(-1)).toMatchObject({ type: 'SpeechInterrupted', text_spoken: 'Good' });
    socket.close();
  });
});
