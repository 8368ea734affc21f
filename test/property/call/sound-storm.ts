import fc from 'fast-check';
import { decodeG711, encodeG711 } from '../../../src/audio/g711.ts';
import { setUp, type DownlinkRig } from '../../unit/call/downlink-rig.ts';
import { viewInt16 } from '../../../src/audio/pcm16.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';
import type { LineTrack } from '../../../src/call/line-track.ts';

export type Step =
  | { readonly kind: 'audio'; readonly samples: number; readonly quiet: boolean }
  | { readonly kind: 'word'; readonly ms: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'duck'; readonly gainDb: number }
  | { readonly kind: 'hold' | 'resume' | 'cut' | 'end' };

export const formats: readonly AudioFormat[] = [
  { codec: 'pcm16', rateHz: 24_000 },
  { codec: 'pcm16', rateHz: 16_000 },
  { codec: 'pcm16', rateHz: 8_000 },
  { codec: 'pcmu', rateHz: 8_000 },
  { codec: 'pcma', rateHz: 8_000 },
];

const of = <K extends string>(...kinds: K[]): fc.Arbitrary<{ kind: K }> =>
  fc.record({ kind: fc.constantFrom(...kinds) });

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      arbitrary: fc.record({
        kind: fc.constant('audio' as const),
        samples: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 12_000 })),
        quiet: fc.boolean(),
      }),
      weight: 5,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 700 })),
      }),
      weight: 6,
    },
    fc.record({ kind: fc.constant('word' as const), ms: fc.integer({ min: 20, max: 400 }) }),
    fc.record({ kind: fc.constant('duck' as const), gainDb: fc.constantFrom(-18, -18, -6, 0) }),
    of('hold', 'resume', 'cut', 'end'),
    of('hold', 'resume'),
  ),
  { minLength: 5, maxLength: 60 },
);

/** One line of the storm. */
export interface Said {
  readonly track: LineTrack;
  /** All that was generated, as 16-bit numbers. */
  readonly samples: number[];
  cut: boolean;
  /** Cut before all that was given of it had been heard. */
  unheard: boolean;
}

/** From here on, counted in samples given of all lines together, this gain is wanted. */
export interface Wish {
  readonly atSample: number;
  readonly gain: number;
  /**
   * A cut comes at once, without a ramp. What goes on after a hold may have been on its way to a stop
   * that it did not reach: the fade to it lies before this.
   */
  readonly how: 'ramp' | 'at once' | 'after hold';
}

/** What was known of a line at one moment. */
interface Glance {
  readonly track: LineTrack;
  readonly atMs: number;
  readonly heardMs: number;
  readonly sentMs: number;
}

export interface SoundAftermath {
  readonly rig: DownlinkRig;
  readonly format: AudioFormat;
  readonly lines: readonly Said[];
  readonly wishes: readonly Wish[];
  /** When, and after how many things given. */
  readonly cuts: readonly { readonly atMs: number; readonly after: number }[];
  readonly glances: readonly Glance[];
}

/** Plays the steps on a downlink, then resumes it, ends its line and lets everything be played. */
export function soundStorm(
  plan: readonly Step[],
  format: AudioFormat,
  options: { readonly leadMs: number; readonly roundTripMs: number },
): SoundAftermath {
  const rig = setUp({ ...options, format });
  const { clock, downlink, nowMs } = rig;
  const lines: Said[] = [];
  const wishes: Wish[] = [];
  const cuts: SoundAftermath['cuts'][number][] = [];
  const glances: Glance[] = [];
  const now = { open: null as Said | null, wordsMs: 0, holds: false };
  const current = (): Said => {
    if (now.open !== null) return now.open;
    const said: Said = {
      track: rig.track(`line_${lines.length + 1}`),
      samples: [],
      cut: false,
      unheard: false,
    };
    lines.push(said);
    now.open = said;
    now.wordsMs = 0;
    return said;
  };
  const wish = (gain: number, how: Wish['how'] = 'ramp'): void => {
    const atSample = lines.reduce((sum, { track }) => sum + track.sentSamples, 0);
    wishes.push({ atSample, gain, how });
  };
  const look = (): void => {
    for (const { track } of lines) {
      const heardMs = track.heardMs(nowMs(), options.roundTripMs);
      glances.push({ track, atMs: nowMs(), heardMs, sentMs: track.sentMs });
    }
  };
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 35) {
      clock.advance(Math.min(35, left));
      look();
    }
  };
  for (const step of [...plan, { kind: 'resume' }, { kind: 'end' }] satisfies Step[]) {
    switch (step.kind) {
      case 'audio': {
        const said = current();
        downlink.pushAudio(said.track, say(said.samples, step, format));
        break;
      }
      case 'word': {
        const { track } = current();
        const startMs = now.wordsMs;
        now.wordsMs += step.ms;
        track.text.append('word ', [{ text: 'word', startMs, endMs: now.wordsMs }]);
        downlink.pushText(track, 'word ', startMs);
        break;
      }
      case 'wait':
        pass(step.ms);
        break;
      case 'duck':
        wish(10 ** (step.gainDb / 20));
        downlink.duck(step.gainDb, null);
        break;
      case 'hold':
        now.holds = true;
        downlink.hold(now.open?.track ?? downlink.sounding);
        break;
      case 'resume':
        wish(1, now.holds ? 'after hold' : 'ramp');
        now.holds = false;
        downlink.resume();
        break;
      case 'cut':
        for (const said of lines) {
          const { track } = said;
          said.cut ||= !track.closed;
          said.unheard ||= track.heardMs(nowMs(), options.roundTripMs) < track.sentMs;
        }
        now.open = null;
        wish(1, 'at once');
        now.holds = false;
        cuts.push({ atMs: nowMs(), after: rig.given.length });
        downlink.flush();
        break;
      case 'end':
        if (now.open !== null) downlink.pushEnd(now.open.track);
        now.open = null;
        break;
    }
    look();
  }
  clock.advance(1_000_000);
  look();
  return { rig, format, lines, wishes, cuts, glances };
}

/** Loud or silent audio of which each sample differs from its neighbours. */
function say(
  into: number[],
  { samples, quiet }: Step & { kind: 'audio' },
  format: AudioFormat,
): Uint8Array {
  const from = into.length;
  const wave = Int16Array.from({ length: samples }, (_, index) =>
    quiet ? 0 : (((from + index) * 7919) % 40_000) - 20_000,
  );
  const { codec } = format;
  const bytes = codec === 'pcm16' ? new Uint8Array(wave.buffer) : encodeG711(wave, codec);
  for (const sample of numbers(bytes, format)) into.push(sample);
  return bytes;
}

/** Bytes as 16-bit numbers. */
export function numbers(bytes: Uint8Array, { codec }: AudioFormat): Int16Array {
  return codec === 'pcm16' ? viewInt16(new Uint8Array(bytes)) : decodeG711(bytes, codec);
}

/** What a sample is under a gain, once it has been through the codec. */
export function scaled(sample: number, gain: number, { codec }: AudioFormat): number {
  if (gain === 1) return sample;
  const wave = Int16Array.of(Math.round(sample * gain));
  return codec === 'pcm16' ? wave[0]! : decodeG711(encodeG711(wave, codec), codec)[0]!;
}
