import type { AudioFormat } from '../../../src/audio/format.ts';
import { encodeSamples } from '../../../src/audio/samples.ts';
import type { Append, Appends } from './appends.ts';
import { Fixture } from './fixture.ts';
import { frameMs, type Mind } from './mind.ts';
import type { Outlet } from './outlet.ts';
import type { Reflection } from './reflection.ts';
import { WireError } from './shapes.ts';
import type { Known } from './speech.ts';
import type { Work } from './work.ts';

const usageEveryMs = 15_000;

interface TrackParts {
  readonly outlet: Outlet;
  readonly reflection: Reflection;
  readonly appends: Appends;
  readonly work: Work;
  /** All that the model knows, and the lasting instructions of it. */
  readonly history: Known[];
  readonly instructions: string[];
  /** The model hears silence. */
  readonly muted: () => boolean;
}

/** The output track: a frame for each frame of the caller's, and what finds its place with it. */
export class Track {
  readonly #parts: TrackParts;
  #frames = 0;
  #fixture: Fixture | null = null;

  constructor(parts: TrackParts) {
    this.#parts = parts;
  }

  /** Its length, ms. */
  get lengthMs(): number {
    return this.#frames * frameMs;
  }

  get fixturePlays(): boolean {
    return this.#fixture !== null;
  }

  /** @throws WireError for one that cannot be played, or not now */
  playFixture(audio: string, eventId: string | null, { rateHz }: AudioFormat, mind: Mind): void {
    const fixture = new Fixture(audio, rateHz, eventId);
    if (this.#fixture !== null) throw new WireError('invalid_event', 'One plays already.', 'type');
    mind.stop();
    this.#fixture = fixture;
    this.#parts.outlet.send({ type: 'session.output_audio.fixture.playing' }, eventId);
  }

  /** 100 ms of the caller, and as much of the track. */
  frame(heard: Float32Array, format: AudioFormat, mind: Mind): void {
    const { outlet, reflection, appends, work, muted } = this.#parts;
    const fixture = this.#fixture;
    const deaf = muted() || fixture !== null;
    const own = mind.frame(deaf ? new Float32Array(heard.length) : heard);
    const bytes = encodeSamples(fixture?.frame(heard.length) ?? own, format.codec);
    const startMs = this.lengthMs;
    this.#frames += 1;
    const endMs = this.lengthMs;
    const delta = Buffer.from(bytes).toString('base64');
    outlet.text(`{"type":"session.output_audio.delta","delta":"${delta}"}`);
    reflection.output(bytes, format, { startMs, endMs });
    if (fixture?.over === true) {
      this.#fixture = null;
      outlet.send({ type: 'session.output_audio.fixture.played' }, fixture.eventId);
    }
    for (const append of appends.due(endMs)) this.#place(append, mind, endMs);
    const acknowledgement = work.due(endMs);
    if (acknowledgement !== null) mind.say({ text: acknowledgement });
    if (endMs % usageEveryMs === 0) {
      outlet.send({ type: 'session.usage.updated', usage: { seconds: endMs / 1000 } });
    }
  }

  /** Context has its place: what the model makes of it. */
  #place({ kind, content, delegationId, eventId }: Append, mind: Mind, nowMs: number): void {
    const { outlet, history, instructions } = this.#parts;
    const at = { start_ms: Math.max(0, nowMs - 200), end_ms: nowMs };
    outlet.send({ type: `session.${kind}.appended`, ...at }, eventId);
    if (kind === 'instructions') instructions.push(content);
    history.push({ role: 'developer', text: content });
    if (/^stop speaking/iu.test(content)) mind.stop();
    else if (kind === 'instructions' && !mind.begun) mind.answer();
    else if (kind === 'commentary') {
      // It understands when it is told to answer; everything else it tells.
      if (/^answer the caller/iu.test(content)) mind.answer();
      else if (delegationId !== null) mind.told(content);
      else mind.say({ text: content });
    }
  }
}
