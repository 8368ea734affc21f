import fc from 'fast-check';

/** What property tests begin with that name no seed of their own, so that a run can be repeated. */
const plainSeed = 20_261_122;

const wanted = process.env['PARLEY_TEST_SEED'] ?? String(plainSeed);
if (wanted !== 'random') {
  if (!/^-?\d{1,10}$/.test(wanted)) {
    throw new Error(`PARLEY_TEST_SEED is a whole number or "random", not "${wanted}"`);
  }
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
}
