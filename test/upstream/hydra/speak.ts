import { ChunkTimeline, type Chunk } from '../../../src/audio/chunk.ts';
import { pcm16k } from '../../../src/audio/format.ts';
import type { SessionProbe } from '../../contract/session-probe.ts';

const timelines = new WeakMap<SessionProbe, ChunkTimeline>();

/** Sends a tone of this length, in chunks of 20 ms while as much time passes, then silence. */
export async function speak(
  probe: SessionProbe,
  { ms, silenceMs = 700 }: { readonly ms: number; readonly silenceMs?: number },
): Promise<void> {
  for (let spokenMs = 0; spokenMs < ms + silenceMs; spokenMs += 20) {
    await probe.wait(20);
    const chunk = nextChunk(probe, { samples: 320, amplitude: spokenMs < ms ? 8000 : 0 });
    probe.session.send({ type: 'audio', chunk });
  }
}

/** The next chunk of a probe's own uplink. */
export function nextChunk(
  probe: SessionProbe,
  { samples, amplitude }: { readonly samples: number; readonly amplitude: number },
): Chunk {
  const timeline = timelines.get(probe) ?? new ChunkTimeline(pcm16k);
  timelines.set(probe, timeline);
  const tone = Int16Array.from({ length: samples }, (_, i) => amplitude * Math.sin(i / 3));
  return timeline.append(new Uint8Array(tone.buffer), 0);
}
