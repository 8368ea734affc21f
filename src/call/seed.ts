import type { CallSeed, ConversationItem } from '../ports/conversation.ts';
import type { CommandTarget } from './commands.ts';
import type { TurnDesk } from './turn-desk.ts';
import { decodeSamples } from '../audio/samples.ts';
import { encodePcm16 } from '../audio/pcm16.ts';
import { plainItems } from './server-tools.ts';
import type { Uplink } from './uplink.ts';

interface SeedSource {
  readonly callId: string;
  readonly target: CommandTarget;
  readonly turns: TurnDesk;
}

/**
 * Everything another backend needs to carry the call on, taken at one moment. Plain data.
 *
 * @param told the conversation as it is to be told; absent: as it has been heard, with the caller's
 *   unanswered audio
 */
export function takeSeed(
  { callId, target, turns }: SeedSource,
  told: readonly ConversationItem[] | null = null,
): CallSeed {
  const { conversation, scope, uplink } = target;
  const settings = target.settings();
  const { caller } = turns.state;
  const speaks = caller.kind === 'speaking' || caller.kind === 'paused';
  const speakingFromSample = speaks ? uplink.sampleAt(caller.audioStartMs) : null;
  const heardAt = { nowMs: scope.nowMs(), roundTripMs: target.roundTripMs() };
  return {
    version: 1,
    callId,
    agent: target.agent().name,
    instructions: settings.instructions,
    voice: settings.voice,
    tools: settings.tools,
    items: plainItems(told ?? conversation.items(heardAt)),
    ledger: target.tools.entries,
    turn: { speakingFromSample, uplinkSamples: uplink.endSample },
    unanswered:
      told === null
        ? unansweredAudio(uplink, turns.unansweredFromSample ?? speakingFromSample)
        : null,
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
