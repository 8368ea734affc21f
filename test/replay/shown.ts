import { createHash } from 'node:crypto';
import { CallError } from '../../src/ports/errors.ts';

/** A value as a golden file shows it: sound by its length and hash, errors by code and message. */
export function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    const hash = createHash('sha256').update(value).digest('hex').slice(0, 12);
    return `${value.byteLength} bytes ${hash}`;
  }
  if (value instanceof CallError) return { code: value.code, message: value.message };
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]));
}

/** What was sent upstream, without the caller's sound. */
export function saidUpstream(texts: readonly string[]): unknown[] {
  return texts.flatMap((text) => {
    const message = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return isSound(message) || isGoodbye(message) ? [] : [message];
  });
}

/** It is said when nobody listens any more. */
function isGoodbye(message: Readonly<Record<string, unknown>>): boolean {
  return message['type'] === 'session.close';
}

function isSound(message: Readonly<Record<string, unknown>>): boolean {
  if (/input_audio(_buffer)?\.append$/u.test(String(message['type']))) return true;
  const input = message['realtimeInput'];
  return typeof input === 'object' && input !== null && 'audio' in input;
}
