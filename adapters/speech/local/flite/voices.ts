/**
 * Voices inside flite.wasm: `slt` a woman's, `rms`, `awb` and the `kal`s men's. Its `awb_time` is
 * left out: it can only tell the time.
 */
export const fliteVoices = ['slt', 'rms', 'awb', 'kal16', 'kal'] as const;

/** Rate of all of them except `kal`, which has 8 kHz, Hz. */
export const fliteRateHz = 16_000;
