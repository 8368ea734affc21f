import type { AgentDefinition } from '../ports/agent.ts';
import type { CallSeed, ConversationItem, LedgerEntry } from '../ports/conversation.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { TurnState } from '../turn/state.ts';
import { decodeSamples } from '../audio/samples.ts';
import { encodePcm16 } from '../audio/pcm16.ts';
import { plainItems } from './server-tools.ts';
import type { Uplink } from './uplink.ts';

/** Everything another backend needs to carry the call on, taken at one moment. Plain data. */
export function takeSeed(from: {
  readonly callId: string;
  readonly agent: AgentDefinition;
  readonly settings: CallSettings;
  readonly items: readonly ConversationItem[];
  readonly ledger: readonly LedgerEntry[];
  readonly turn: TurnState;
  readonly uplink: Uplink;
  /** Start of the turn that is committed and not answered yet. */
  readonly unansweredFromSample: number | null;
  /** Whether the caller's unanswered audio goes along; absent: it does. */
  readonly withAudio?: boolean;
}): CallSeed {
  const { uplink, settings } = from;
  const { caller } = from.turn;
  const speaks = caller.kind === 'speaking' || caller.kind === 'paused';
  const speakingFromSample = speaks ? uplink.sampleAt(caller.audioStartMs) : null;
  return {
    version: 1,
    callId: from.callId,
    agent: from.agent.name,
    instructions: settings.instructions,
    voice: settings.voice,
    tools: settings.tools,
    items: plainItems(from.items),
    ledger: from.ledger,
    turn: { speakingFromSample, uplinkSamples: uplink.endSample },
    unanswered:
      from.withAudio === false
        ? null
        : unansweredAudio(uplink, from.unansweredFromSample ?? speakingFromSample),
  };
}

/** From the given position to the end, as far as it is still kept. */
function unansweredAudio(uplink: Uplink, fromSample: number | null): CallSeed['unanswered'] {
  if (fromSample === null) return null;
  const startSample = Math.max(fromSample, uplink.firstKeptSample);
  if (startSample >= uplink.endSample) return null;
  const bytes = uplink.slice(startSample, uplink.endSample);
  if (bytes === null) return null;
  const { codec, rateHz } = uplink.format;
  const pcm16 = encodePcm16(decodeSamples(bytes, codec));
  return { rateHz, startSample, pcm16: Buffer.from(pcm16.buffer).toString('base64') };
}
