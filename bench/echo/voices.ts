import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readWav } from '../../src/audio/wav.ts';
import { activeRms, scaled } from '../../test/support/echo-scene.ts';

/** Speech of one sentence at 16 kHz, active level RMS 0.1, made by flite. @throws without flite */
export function spoken(text: string, voice: string): Float32Array {
  const work = mkdtempSync(join(tmpdir(), 'parley-echo-'));
  try {
    const raw = join(work, 'raw.wav');
    const out = join(work, 'out.wav');
    execFileSync('flite', ['-voice', voice, '-t', text, '-o', raw]);
    execFileSync('sox', [raw, '-R', '-D', '-b', '16', out, 'rate', '16000', 'gain', '-3']);
    return levelled(readWav(readFileSync(out)).channels[0]!);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A recording in any format sox reads, 16 kHz mono, active level RMS 0.1. */
export function recorded(path: string): Float32Array {
  const work = mkdtempSync(join(tmpdir(), 'parley-echo-'));
  try {
    const out = join(work, 'out.wav');
    execFileSync('sox', [path, '-R', '-D', '-b', '16', out, 'remix', '-', 'rate', '16000']);
    return levelled(readWav(readFileSync(out)).channels[0]!);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function levelled(samples: Float32Array): Float32Array {
  return scaled(samples, 0.1 / activeRms(samples));
}
