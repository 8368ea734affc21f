import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { turnStages, type TurnStages } from '../ports/stages.ts';
import type { TalkAddress } from './talk-socket.ts';

/** What only the server knows of a call. */
export interface CallLookup {
  /** The agent that answered, by its own name and not by an alias. */
  readonly agent: string | null;
  readonly backend: string | null;
  readonly handovers: readonly TalkHandover[];
  readonly spend: readonly TalkSpend[];
  /** Where the silence before answers went, by the item of the caller's turn. */
  readonly stages: ReadonlyMap<string, TurnStages>;
}

/** What the call cost in one currency; `null` where something of it has no known price. */
export interface TalkSpend {
  readonly currency: string | null;
  readonly amount: number | null;
  readonly known: number;
  readonly missing: readonly string[];
}

/** A change of backend within the call, as the server recorded it. */
export interface TalkHandover {
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly gapMs: number;
}

/** What is known of a call when nobody can be asked. */
export const unknownCall: CallLookup = {
  agent: null,
  backend: null,
  handovers: [],
  spend: [],
  stages: new Map(),
};

const timeoutMs = 3_000;
const bodyLimitBytes = 32 * 1024 * 1024;

/**
 * Asks the server of a call for its record, at `/api/calls/:id`. Never rejects: a server that does
 * not answer, or not in Parley's way, leaves everything unknown.
 */
export async function lookUpCall(address: TalkAddress, callId: string): Promise<CallLookup> {
  const url = new URL(`/api/calls/${encodeURIComponent(callId)}`, address.url);
  url.protocol = address.url.protocol === 'wss:' ? 'https:' : 'http:';
  try {
    return recordOf(JSON.parse(await get(url, address)));
  } catch {
    return unknownCall;
  }
}

function get(url: URL, { key, insecure }: TalkAddress): Promise<string> {
  const answered = Promise.withResolvers<string>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, {
    timeout: timeoutMs,
    rejectUnauthorized: !insecure,
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
  });
  request.on('timeout', () => request.destroy(new Error('no answer')));
  request.on('error', (error) => answered.reject(error));
  request.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      body += part;
      if (body.length > bodyLimitBytes) request.destroy(new Error('too long'));
    });
    response.on('error', (error) => answered.reject(error));
    response.on('end', () => {
      if (response.statusCode === 200) answered.resolve(body);
      else answered.reject(new Error(`HTTP ${response.statusCode ?? 0}`));
    });
  });
  request.end();
  return answered.promise;
}

function recordOf(body: unknown): CallLookup {
  if (typeof body !== 'object' || body === null) return unknownCall;
  const agent = 'agent' in body && typeof body.agent === 'string' ? body.agent : null;
  const backend = 'backend' in body && typeof body.backend === 'string' ? body.backend : null;
  const handovers = 'handovers' in body && Array.isArray(body.handovers) ? body.handovers : [];
  const turns: unknown[] = 'turns' in body && Array.isArray(body.turns) ? body.turns : [];
  const stages = new Map(
    turns.flatMap((turn) => {
      const told = stagesIn(turn);
      return told === null ? [] : [[told.itemId, told] as const];
    }),
  );
  const spend = 'spend' in body && Array.isArray(body.spend) ? body.spend : [];
  return {
    agent,
    backend,
    handovers: handovers.filter(isHandover),
    spend: spend.filter(isSpend),
    stages,
  };
}

function stagesIn(turn: unknown): TurnStages | null {
  if (typeof turn !== 'object' || turn === null || !('stages' in turn)) return null;
  return isStages(turn.stages) ? turn.stages : null;
}

/** Only what is used here is looked at: the rest is passed on as the server says it. */
function isStages(value: unknown): value is TurnStages {
  if (typeof value !== 'object' || value === null) return false;
  const { itemId, silenceMs, partsMs } = value as Readonly<Record<string, unknown>>;
  if (typeof itemId !== 'string' || typeof silenceMs !== 'number') return false;
  if (typeof partsMs !== 'object' || partsMs === null) return false;
  const parts = partsMs as Readonly<Record<string, unknown>>;
  return turnStages.every((stage) => parts[stage] === null || typeof parts[stage] === 'number');
}

function isHandover(value: unknown): value is TalkHandover {
  if (typeof value !== 'object' || value === null) return false;
  const { from, to, cause, gapMs } = value as Readonly<Record<string, unknown>>;
  return [from, to, cause].every((one) => typeof one === 'string') && typeof gapMs === 'number';
}

function isSpend(value: unknown): value is TalkSpend {
  if (typeof value !== 'object' || value === null) return false;
  const { currency, amount, known, missing } = value as Readonly<Record<string, unknown>>;
  return (
    (currency === null || typeof currency === 'string') &&
    (amount === null || typeof amount === 'number') &&
    typeof known === 'number' &&
    Array.isArray(missing) &&
    missing.every((each) => typeof each === 'string')
  );
}
