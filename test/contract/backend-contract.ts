import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesPerSample, samplesToMs } from '../../src/audio/format.ts';
import type {
  BackendCapabilities,
  BackendCommand,
  BackendEvent,
  BackendPort,
} from '../../src/ports/backend.ts';
import { CallError } from '../../src/ports/errors.ts';
import type { Clock } from '../../src/time/clock.ts';
import { contextFor } from './backend-context.ts';
import { SessionProbe, type PassTime } from './session-probe.ts';

/** A backend under test, made anew for every test. */
export interface BackendRig {
  readonly backend: BackendPort;
  readonly clock: Clock;
  readonly pass: PassTime;
}

export interface BackendContractOptions {
  /** What the backend says of itself: gaps against the contract are read from here. */
  readonly capabilities: BackendCapabilities;
  /** Most events it may hold for a consumer that does not come, the last word included. */
  readonly eventLimit: number;
  readonly setUp: () => Promise<BackendRig>;
}

/**
 * What every backend must do, whatever it is made of. Tests of what a backend cannot do by its
 * own capabilities are skipped, by name.
 */
export function backendContract(
  title: string,
  { capabilities, eventLimit, setUp }: BackendContractOptions,
): void {
  const takesTurns = capabilities.authorities.some((authority) => authority !== 'model');
  const isStream = capabilities.authorities.includes('model');

  describe(`backend contract: ${title}`, () => {
    let rig: BackendRig;

    beforeEach(async () => {
      rig = await setUp();
      await rig.backend.prepare(new AbortController().signal);
    });

    afterEach(async () => {
      await rig.backend.close();
    });

    async function open(callId = 'call_1'): Promise<SessionProbe> {
      const context = contextFor(rig.backend, rig.clock, { callId });
      const session = await rig.backend.open(context, new AbortController().signal);
      return new SessionProbe(session, context, rig.pass);
    }

    it('[B1] says what it can do and counts what it does', () => {
      expect(rig.backend.capabilities).toEqual(capabilities);
      expect(capabilities.authorities).not.toHaveLength(0);
      expect(capabilities.inputFormats).not.toHaveLength(0);
      expect(capabilities.outputFormats).not.toHaveLength(0);
      for (const figure of Object.values(rig.backend.figures())) {
        expect(Number.isFinite(figure)).toBe(true);
      }
    });

    it('[B2] can be prepared again', async () => {
      await rig.backend.prepare(new AbortController().signal);
      const probe = await open();
      probe.session.close();
    });

    it('[B3] refuses with a call error when opening is given up', async () => {
      const context = contextFor(rig.backend, rig.clock);
      const opening = rig.backend.open(context, AbortSignal.abort());
      await expect(opening).rejects.toBeInstanceOf(CallError);
    });

    it('[B4] ends its events when it is closed, once or often', async () => {
      const probe = (await open()).read();
      await probe.speak(100);
      probe.session.close();
      probe.session.close();
      await probe.until(() => probe.ended, 5000);
      await probe.finished();
      const count = probe.events.length;
      await probe.wait(2000);
      expect(probe.events).toHaveLength(count);
    });

    it('[B5] ends its events when it was closed before anybody listened', async () => {
      const probe = await open();
      probe.session.close();
      probe.read();
      await probe.until(() => probe.ended, 5000);
    });

    it('[B6] takes nothing any more once it is closed', async () => {
      const probe = await open();
      probe.session.close();
      expect(probe.session.send({ type: 'clear' })).toBe('closed');
    });

    it('[B7] takes any command at any time without throwing', async () => {
      const settings = contextFor(rig.backend, rig.clock).settings;
      await fc.assert(
        fc.asyncProperty(fc.array(anyCommand(settings), { maxLength: 20 }), async (commands) => {
          const probe = (await open()).read();
          for (const command of commands) {
            expect(['ok', 'overflow', 'closed']).toContain(probe.session.send(command));
            await probe.wait(10);
          }
          probe.session.close();
          await probe.until(() => probe.ended, 5000);
          await probe.finished();
        }),
        { numRuns: 20 },
      );
    });

    it('[B8] holds no more events than its limit for a consumer that does not come', async () => {
      const probe = await open();
      let full = false;
      for (let round = 0; round < eventLimit * 2 && !full; round += 1) {
        if (isStream) await probe.speak(100);
        else {
          probe.respond(`line_${round}`, { outOfBand: capabilities.outOfBand });
          await probe.wait(1000);
        }
        full = probe.session.send({ type: 'clear' }) === 'closed';
      }
      probe.read();
      // Closing may throw away what is pending, the word that it failed too.
      if (!full) probe.session.close();
      await probe.until(() => probe.ended, 5000);
      expect(probe.events.length).toBeLessThanOrEqual(eventLimit);
      // Events of lines must not be lost in silence: the session says that it failed.
      if (takesTurns) expect(full).toBe(true);
      if (full) expect(probe.events.at(-1)?.type).toBe('failed');
    });

    it('[B9] keeps sessions apart', async () => {
      const one = (await open('call_1')).read();
      const other = (await open('call_2')).read();
      if (takesTurns) other.respond('line_1');
      one.session.close();
      await one.until(() => one.ended, 5000);
      if (takesTurns) await other.until(() => other.done('line_1') !== undefined);
      else {
        const before = other.events.length;
        await other.speak(1000);
        await other.until(() => other.events.length > before, 5000);
      }
      expect(other.ended).toBe(false);
      expect(one.events).toEqual([]);
    });

    it('[B10] ends every session when it is closed itself', async () => {
      const probe = (await open()).read();
      await rig.backend.close();
      await probe.until(() => probe.ended, 5000);
      expect(probe.session.send({ type: 'clear' })).toBe('closed');
    });

    it.skipIf(!takesTurns)('[B11] starts a line, says it and is done with it once', async () => {
      const probe = (await open()).read();
      await probe.speak(200);
      commit(probe);
      probe.respond('line_1');
      await probe.until(() => probe.done('line_1') !== undefined);
      await probe.wait(5000);
      const events = probe.line('line_1');
      expect(events[0]?.type).toBe('line.started');
      expect(events.at(-1)?.type).toBe('line.done');
      expect(events.filter((event) => event.type === 'line.started')).toHaveLength(1);
      expect(events.filter((event) => event.type === 'line.done')).toHaveLength(1);
      expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    });

    it.skipIf(!takesTurns || !capabilities.modalities.includes('audio'))(
      '[B12] sends whole samples, and words in order within them',
      async () => {
        const probe = (await open()).read();
        probe.respond('line_1', { overrides: { modality: 'audio' } });
        await probe.until(() => probe.done('line_1') !== undefined);
        const [format] = capabilities.outputFormats;
        const width = bytesPerSample(format!.codec);
        for (const event of probe.line('line_1')) {
          if (event.type === 'line.audio') expect(event.bytes.byteLength % width).toBe(0);
        }
        const samples = probe.audio('line_1').byteLength / width;
        expect(samples).toBeGreaterThan(0);
        expect(probe.text('line_1') === '').toBe(!capabilities.transcripts.agent);
        let endMs = 0;
        let timed = 0;
        for (const event of probe.line('line_1')) {
          if (event.type !== 'line.text') continue;
          for (const word of event.words ?? []) {
            expect(word.startMs).toBeGreaterThanOrEqual(endMs);
            expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
            endMs = word.endMs;
            timed += 1;
          }
        }
        expect(timed > 0).toBe(capabilities.transcripts.wordTimes);
        expect(endMs).toBeLessThanOrEqual(samplesToMs(samples, format!.rateHz) + 1);
      },
    );

    it.skipIf(!takesTurns || !capabilities.modalities.includes('text'))(
      '[B13] writes instead of speaking when it is asked to',
      async () => {
        const probe = (await open()).read();
        probe.respond('line_1', { overrides: { modality: 'text' } });
        await probe.until(() => probe.done('line_1') !== undefined);
        expect(probe.text('line_1')).not.toBe('');
        expect(probe.audio('line_1').byteLength).toBe(0);
      },
    );

    it.skipIf(!takesTurns || !capabilities.cancel)(
      '[B14] answers a cancel at any moment with exactly one end, and nothing after it',
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 0, max: 3000 }), async (afterMs) => {
            const probe = (await open()).read();
            probe.respond('line_1');
            await probe.wait(afterMs);
            const alreadyDone = probe.done('line_1') !== undefined;
            probe.session.send({ type: 'cancel', lineId: 'line_1' });
            await probe.until(() => probe.done('line_1') !== undefined, 5000);
            probe.session.send({ type: 'cancel', lineId: 'line_1' });
            await probe.wait(5000);
            const events = probe.line('line_1');
            expect(events.filter((event) => event.type === 'line.done')).toHaveLength(1);
            expect(events.at(-1)?.type).toBe('line.done');
            const status = probe.done('line_1')?.outcome.status;
            expect(status).toBe(alreadyDone ? 'completed' : 'cancelled');
            probe.session.close();
          }),
          { numRuns: 20 },
        );
      },
    );

    it.skipIf(!takesTurns || !capabilities.cancel)(
      '[B15] answers again after a line was cancelled',
      async () => {
        const probe = (await open()).read();
        probe.respond('line_1');
        await probe.until(() => probe.line('line_1').length > 0);
        probe.session.send({ type: 'cancel', lineId: 'line_1' });
        await probe.until(() => probe.done('line_1') !== undefined);
        probe.respond('line_2');
        await probe.until(() => probe.done('line_2') !== undefined);
        expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
      },
    );

    it.skipIf(!takesTurns || !capabilities.truncate)(
      '[B16] takes a truncation of a finished line in silence',
      async () => {
        const probe = (await open()).read();
        probe.respond('line_1');
        await probe.until(() => probe.done('line_1') !== undefined);
        const before = probe.events.length;
        probe.session.send({ type: 'truncate', lineId: 'line_1', heardMs: 300, heardText: null });
        await probe.wait(1000);
        expect(probe.events).toHaveLength(before);
        expect(probe.ended).toBe(false);
      },
    );

    it.skipIf(!takesTurns || !capabilities.outOfBand)(
      '[B17] answers out of band beside a line of the conversation',
      async () => {
        const probe = (await open()).read();
        probe.respond('line_1');
        probe.respond('line_2', { outOfBand: true, overrides: { modality: 'text' } });
        await probe.until(() => probe.done('line_1') !== undefined);
        await probe.until(() => probe.done('line_2') !== undefined);
        expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
        expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
      },
    );

    it.skipIf(!takesTurns || !capabilities.transcripts.caller)(
      '[B18] gives a committed turn one final transcript, last',
      async () => {
        const probe = (await open()).read();
        await probe.speak(400);
        commit(probe);
        const transcripts = (): (BackendEvent & { type: 'caller.transcript' })[] =>
          probe.events.filter((event) => event.type === 'caller.transcript');
        await probe.until(() => transcripts().some((event) => event.final));
        await probe.wait(2000);
        expect(transcripts().every((event) => event.itemId === 'item_1')).toBe(true);
        expect(transcripts().filter((event) => event.final)).toHaveLength(1);
        expect(transcripts().at(-1)?.final).toBe(true);
      },
    );

    it.skipIf(!isStream)('[B19] sends frames in order and without gaps', async () => {
      const probe = (await open()).read();
      await probe.speak(2000);
      const frames = (): (BackendEvent & { type: 'stream.frame' })[] =>
        probe.events.filter((event) => event.type === 'stream.frame');
      await probe.until(() => frames().length >= 5, 5000);
      const [format] = capabilities.outputFormats;
      const width = bytesPerSample(format!.codec);
      let nextSample = frames()[0]?.frame.startSample ?? 0;
      let heardSample = 0;
      for (const { frame } of frames()) {
        expect(frame.startSample).toBe(nextSample);
        expect(frame.bytes.byteLength % width).toBe(0);
        expect(frame.heardInputSample).toBeGreaterThanOrEqual(heardSample);
        nextSample += frame.bytes.byteLength / width;
        heardSample = frame.heardInputSample;
      }
    });

    it.skipIf(!isStream)('[B20] goes on sending frames when no audio comes', async () => {
      const probe = (await open()).read();
      await probe.speak(1000);
      const before = probe.events.length;
      await probe.until(() => probe.events.length > before + 3, 5000);
    });
  });
}

function commit(probe: SessionProbe): void {
  probe.session.send({ type: 'commit', itemId: 'item_1', fromSample: 0, toSample: 4800 });
}

function anyCommand(
  settings: (BackendCommand & { type: 'configure' })['settings'],
): fc.Arbitrary<BackendCommand> {
  const lineId = fc.constantFrom('line_1', 'line_2', 'line_nobody');
  const itemId = fc.constantFrom('item_1', 'item_2', 'line_1');
  const text = fc.string({ maxLength: 20 });
  const base = { itemId, status: fc.constant('completed' as const) };
  return fc.oneof(
    fc.constant<BackendCommand>({ type: 'clear' }),
    fc.record({
      type: fc.constant('configure' as const),
      settings: fc.constant({ ...settings, instructions: 'Be brief.' }),
    }),
    fc.record({
      type: fc.constant('commit' as const),
      itemId,
      fromSample: fc.nat(48_000),
      toSample: fc.nat(480_000),
    }),
    fc.record({
      type: fc.constant('respond' as const),
      lineId,
      itemId,
      outOfBand: fc.boolean(),
      overrides: fc.constantFrom({}, { modality: 'text' as const }, { maxOutputTokens: 1 }),
      input: fc.constantFrom(null, []),
    }),
    fc.record({ type: fc.constant('cancel' as const), lineId }),
    fc.record({
      type: fc.constant('truncate' as const),
      lineId,
      heardMs: fc.nat(5000),
      heardText: fc.option(text),
    }),
    fc.record({
      type: fc.constant('item.add' as const),
      item: fc.oneof(
        fc.record({
          ...base,
          kind: fc.constant('message' as const),
          role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const),
          content: fc.array(fc.record({ type: fc.constant('text' as const), text })),
        }),
        fc.record({
          ...base,
          kind: fc.constant('tool_output' as const),
          toolCallId: text,
          output: text,
        }),
      ),
      afterItemId: fc.constantFrom(undefined, null, 'item_1', 'item_nobody'),
    }),
    fc.record({ type: fc.constant('item.delete' as const), itemId }),
  );
}
