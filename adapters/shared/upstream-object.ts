import { CallError } from '../../src/ports/errors.ts';

/**
 * What an upstream's message says.
 *
 * @throws CallError `backend_protocol` where it is no JSON object
 */
export function upstreamObject(message: Buffer): Readonly<Record<string, unknown>> {
  let raw: unknown;
  try {
    raw = JSON.parse(message.toString('utf8'));
  } catch {
    throw new CallError('backend_protocol', 'the upstream sent what is not JSON');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new CallError('backend_protocol', 'the upstream sent JSON that is no object');
  }
  return raw as Readonly<Record<string, unknown>>;
}
