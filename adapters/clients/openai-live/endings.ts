import type { LiveCloseReason } from '../../../protocol/openai-live/server-events.ts';
import { errorTable } from '../../../src/ports/errors.ts';
import type { CloseReason } from '../../../src/ports/events.ts';

/** Why a call ended, in this wire's words. */
export function wireReason(reason: CloseReason): LiveCloseReason {
  switch (reason.kind) {
    case 'client':
    case 'agent':
      return 'close_requested';
    case 'shutdown':
      return 'connection_lost';
    case 'error':
      return reason.code === 'session_expired' ? 'expired' : 'connection_lost';
  }
}

/** Close codes that stand for "no close frame came" cannot be sent. */
export function wireCode(reason: CloseReason): number {
  if (reason.kind === 'shutdown') return 1012;
  if (reason.kind !== 'error') return 1000;
  const code: number | null = errorTable[reason.code].closeCode;
  return code === null ? 1011 : code === 1006 ? 1001 : code;
}
