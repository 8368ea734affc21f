import { expect, test } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { Admission } from '../../../src/server/admission.ts';

const app = { keyId: 'app', agents: ['*'], maxCalls: 2 };
const anyone = { keyId: null, agents: ['*'], maxCalls: null };

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof CallError) return thrown.code;
    throw thrown;
  }
  return 'admitted';
}

test('a key gets its own number of calls, and a place back for each that ends', () => {
  const admission = new Admission({ maxCalls: 10 });
  const first = admission.admit(app);
  admission.admit(app);
  expect(refusal(() => admission.admit(app))).toBe('too_many_calls');
  expect(refusal(() => admission.admit({ ...app, keyId: 'other' }))).toBe('admitted');
  first.release();
  expect(refusal(() => admission.admit(app))).toBe('admitted');
});

test('the process has a limit over all keys', () => {
  const admission = new Admission({ maxCalls: 2 });
  admission.admit(anyone);
  admission.admit(app);
  expect(refusal(() => admission.admit(anyone))).toBe('server_full');
  expect([admission.active, admission.refused]).toEqual([2, 1]);
});

test('giving a place back twice gives back one', () => {
  const admission = new Admission({ maxCalls: 3 });
  const ticket = admission.admit(app);
  admission.admit(app);
  ticket.release();
  ticket.release();
  expect(admission.active).toBe(1);
  admission.admit(app);
  expect(refusal(() => admission.admit(app))).toBe('too_many_calls');
});
