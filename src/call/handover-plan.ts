import { bytesPerSample, msToSamples, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { decodeSamples } from '../audio/samples.ts';
import { firstAudibleSample } from '../audio/level.ts';
import type { BackendCapabilities, BackendCommand, TurnAuthority } from '../ports/backend.ts';
import type { ConversationItem } from '../ports/conversation.ts';

/** Length of a piece of audio that is told again, ms. */
const pieceMs = 200;
/** Silence that is told in front of speech, ms. */
const leadMs = 500;

/** A turn of the caller's that was committed: uplink samples [fromSample, toSample). */
export interface CommittedTurn {
  readonly itemId: string;
  readonly fromSample: number;
  readonly toSample: number;
  /** The caller was silent: there is nothing to be understood. */
  readonly silence: boolean;
  /** Something of an answer to it has been heard. */
  readonly answered: boolean;
}

/** Caller audio in the client's format. */
export interface KeptAudio {
  readonly format: AudioFormat;
  readonly startSample: number;
  /** In memory of its own. */
  readonly bytes: Uint8Array;
  /** Call time of its end, ms. */
  readonly endAtMs: number;
}

/** What was there to be told when a backend was lost. */
export interface Loss {
  /** The conversation as it will have been heard, oldest first. */
  readonly items: readonly ConversationItem[];
  /** The latest turns, oldest first. */
  readonly turns: readonly CommittedTurn[];
  /** From the oldest turn that may have to be told as sound to the end; `null`: nothing is kept. */
  readonly audio: KeptAudio | null;
  /** From where on nothing has been committed, or only silence lies before it, samples. */
  readonly openFromSample: number;
}

/** How another backend gets to know the conversation. */
export interface Retelling {
  /** What it is opened with. */
  readonly items: readonly ConversationItem[];
  /** What it is sent first, in order, positions and audio in the client's format. */
  readonly commands: readonly BackendCommand[];
  /** It hears a turn that nobody has answered, and decides about turns by itself. */
  readonly answersItself: boolean;
}

export interface Taker {
  readonly authority: TurnAuthority;
  readonly capabilities: BackendCapabilities;
}

/**
 * Turns whose words are known go over in words; the others as sound, as far as it is kept, with what
 * came after them behind them. Who decides about turns by itself is given only what is unanswered.
 */
export function retell(loss: Loss, taker: Taker): Retelling {
  const gateway = taker.authority === 'gateway' && taker.capabilities.commit;
  const words = loss.items.filter((item) => saysSomething(item));
  const sounding = soundingTurns(loss, gateway);
  const model = taker.authority === 'model' && taker.capabilities.promptable !== true;
  const late = model && !taker.capabilities.fasterThanRealTime;
  if (!gateway) {
    const told = new Set((late ? [] : sounding).map(({ itemId }) => itemId));
    const fromSample = sounding[0]?.fromSample ?? loss.openFromSample;
    return {
      items: words.filter(({ itemId }) => !told.has(itemId)),
      // Who hears frame by frame hears what is said now, and nothing that was.
      commands: late ? [] : pieces(loss.audio, fromSample, Infinity),
      answersItself: told.size > 0 || model,
    };
  }
  // Silence takes as long as speech to whoever listens in real time.
  return inTurns(
    taker.capabilities.fasterThanRealTime ? loss : withoutLead(loss, sounding),
    sounding,
  );
}

/** The same without the silence that the first of it begins with. */
function withoutLead(loss: Loss, sounding: readonly CommittedTurn[]): Loss {
  const { audio } = loss;
  if (audio === null) return loss;
  const { bytes, format, startSample } = audio;
  const width = bytesPerSample(format.codec);
  const fromSample = Math.max(startSample, sounding[0]?.fromSample ?? loss.openFromSample);
  const told = bytes.subarray((fromSample - startSample) * width);
  const silent = firstAudibleSample(decodeSamples(told, format.codec), format.rateHz);
  const kept = msToSamples(leadMs, format.rateHz);
  const end = Math.min(told.byteLength / width, (sounding[0]?.toSample ?? Infinity) - fromSample);
  const skipped = Math.min(silent ?? end, end) - kept;
  if (skipped <= 0) return loss;
  const atSample = fromSample + skipped;
  return {
    ...loss,
    audio: { ...audio, startSample: atSample, bytes: told.subarray(skipped * width) },
    openFromSample: Math.max(loss.openFromSample, atSample),
  };
}

/** For one who is told where turns end: sound without a gap, with everything else in its place. */
function inTurns(loss: Loss, sounding: readonly CommittedTurn[]): Retelling {
  const { items, audio, openFromSample } = loss;
  const byItem = new Map(sounding.map((turn) => [turn.itemId, turn]));
  const first = items.findIndex(({ itemId }) => byItem.has(itemId));
  const before = first < 0 ? items : items.slice(0, first);
  const commands: BackendCommand[] = [];
  let atSample: number | null = null;
  for (const item of items.slice(before.length)) {
    const turn = byItem.get(item.itemId);
    if (turn !== undefined) {
      const { itemId, toSample } = turn;
      const fromSample = Math.max(turn.fromSample, audio?.startSample ?? 0);
      commands.push(...pieces(audio, atSample ?? fromSample, toSample));
      commands.push({ type: 'commit', itemId, fromSample, toSample });
      atSample = toSample;
    } else if (saysSomething(item)) {
      commands.push({ type: 'item.add', item, afterItemId: undefined });
    }
  }
  commands.push(...pieces(audio, atSample ?? openFromSample, Infinity));
  return { items: before.filter(saysSomething), commands, answersItself: false };
}

/** Turns that have to be told as sound, and can be. */
function soundingTurns({ items, turns, audio }: Loss, gateway: boolean) {
  if (audio === null) return [];
  const wordless = new Set(
    items.filter((item) => !saysSomething(item)).map(({ itemId }) => itemId),
  );
  return turns.filter(
    ({ itemId, answered, silence, fromSample, toSample }) =>
      wordless.has(itemId) &&
      !silence &&
      (answered ? gateway && fromSample >= audio.startSample : toSample > audio.startSample),
  );
}

function pieces(audio: KeptAudio | null, from: number, to: number): readonly BackendCommand[] {
  if (audio === null) return [];
  const { format, bytes, startSample, endAtMs } = audio;
  const width = bytesPerSample(format.codec);
  const endSample = startSample + bytes.byteLength / width;
  const toSample = Math.min(to, endSample);
  const stepSamples = msToSamples(pieceMs, format.rateHz);
  const commands: BackendCommand[] = [];
  for (let at = Math.max(from, startSample); at < toSample; at += stepSamples) {
    const samples = Math.min(stepSamples, toSample - at);
    const firstByte = (at - startSample) * width;
    commands.push({
      type: 'audio',
      chunk: {
        ...format,
        startSample: at,
        samples,
        bytes: bytes.subarray(firstByte, firstByte + samples * width),
        atMs: endAtMs - samplesToMs(endSample - at, format.rateHz),
      },
    });
  }
  return commands;
}

/** Whether anything of it is known in words. */
function saysSomething(item: ConversationItem): boolean {
  return (
    item.kind !== 'message' ||
    item.content.some((part) => (part.type === 'text' ? part.text : (part.transcript ?? '')) !== '')
  );
}
