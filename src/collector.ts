import process from 'node:process';
import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 count memory outside its heap (audio, what sockets read) together with the heap. Left to
 * itself it begins a full collection whenever that memory has grown by 64 MiB, which 100 calls do in
 * about a second, only to find next to nothing; each costs every call 10 ms and more
 * (docs/performance.md). Only the V8 of Node 24 is known to have the flag; one that does not know it
 * would say so on standard error.
 */
export function countMemoryOnce(): void {
  if (!process.versions.v8.startsWith('13.')) return;
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
