import type { Cost, Quantities, UsageKind } from '../ports/usage.ts';

/** Prices in one currency; `null` or absent = not known. 0 is a price. */
export interface PriceTable {
  /** ISO 4217. */
  readonly currency: string;
  /** The day on which they were looked up; `null` where nobody said. */
  readonly asOf: string | null;
  /** Where they were looked up. */
  readonly source: string | null;
  readonly inputTextPerMillion?: number | null;
  readonly inputAudioPerMillion?: number | null;
  /** Cached input; `inputCachedPerMillion` is for both where the vendor has one price. */
  readonly inputCachedPerMillion?: number | null;
  readonly inputCachedTextPerMillion?: number | null;
  readonly inputCachedAudioPerMillion?: number | null;
  readonly outputTextPerMillion?: number | null;
  readonly outputAudioPerMillion?: number | null;
  /** Of an open session, silence included: by the vendor's own count where it gives one. */
  readonly perMinute?: number | null;
  /** Of audio that a recogniser charges for. */
  readonly perRecognisedMinute?: number | null;
  /** Given to a voice. */
  readonly perMillionCharacters?: number | null;
}

/** A part of the usage with its price for one unit; `null`: not known. */
interface Charge {
  readonly kind: UsageKind;
  readonly quantity: number;
  readonly price: number | null;
}

const million = 1_000_000;
const minuteMs = 60_000;

/** The cost of nothing. */
export const noCost: Cost = { currency: null, amount: 0, known: 0, missing: [] };

/**
 * What a usage costs. What a vendor reports needs a price, be it 0; time needs none. Tokens need none
 * either where the session is paid by the minute and no token has a price.
 *
 * @param table `null`: the backend has no prices
 */
export function costOf(used: Quantities, table: PriceTable | null): Cost {
  if (Object.values(used).every((quantity) => quantity === 0)) return noCost;
  if (table === null) return { currency: null, amount: null, known: 0, missing: ['prices'] };
  const charges = chargesOf(used, table);
  const known = charges.reduce((sum, { quantity, price }) => sum + quantity * (price ?? 0), 0);
  const missing = charges.flatMap(({ kind, quantity, price }) =>
    quantity > 0 && price === null ? [kind] : [],
  );
  return { currency: table.currency, amount: missing.length > 0 ? null : known, known, missing };
}

function chargesOf(used: Quantities, table: PriceTable): readonly Charge[] {
  const charges: Charge[] = [];
  const charge = (
    kind: UsageKind,
    quantity: number,
    price: number | null | undefined,
    per: number,
  ): void => {
    const each = price === null || price === undefined ? null : price / per;
    charges.push({ kind, quantity, price: each });
  };
  if (table.perMinute !== undefined) {
    charge('connectedMs', used.connectedMs ?? 0, table.perMinute, minuteMs);
    charge('sessionMs', used.sessionMs ?? 0, table.perMinute, minuteMs);
  }
  charge('recognisedAudioMs', used.recognisedAudioMs ?? 0, table.perRecognisedMinute, minuteMs);
  charge('spokenCharacters', used.spokenCharacters ?? 0, table.perMillionCharacters, million);
  if (table.perMinute !== undefined && !pricesTokens(table)) return charges;
  const { inputCachedPerMillion: cachedPrice } = table;
  const cachedText = used.inputCachedTextTokens ?? 0;
  const cachedAudio = used.inputCachedAudioTokens ?? 0;
  const text = (used.inputTextTokens ?? 0) - cachedText;
  const audio = (used.inputAudioTokens ?? 0) - cachedAudio;
  charge('inputTextTokens', text, table.inputTextPerMillion, million);
  charge('inputAudioTokens', audio, table.inputAudioPerMillion, million);
  const cachedTextPrice = table.inputCachedTextPerMillion ?? cachedPrice;
  const cachedAudioPrice = table.inputCachedAudioPerMillion ?? cachedPrice;
  charge('inputCachedTextTokens', cachedText, cachedTextPrice, million);
  charge('inputCachedAudioTokens', cachedAudio, cachedAudioPrice, million);
  // Of which modality these were nobody said, so what they save is not known.
  const unsplit = (used.inputCachedTokens ?? 0) - cachedText - cachedAudio;
  charge('inputCachedTokens', unsplit, null, million);
  charge('outputTextTokens', used.outputTextTokens ?? 0, table.outputTextPerMillion, million);
  charge('outputAudioTokens', used.outputAudioTokens ?? 0, table.outputAudioPerMillion, million);
  charge('unreportedAnswers', used.unreportedAnswers ?? 0, null, 1);
  return charges;
}

function pricesTokens(table: PriceTable): boolean {
  return [
    table.inputTextPerMillion,
    table.inputAudioPerMillion,
    table.outputTextPerMillion,
    table.outputAudioPerMillion,
  ].some((price) => price !== undefined);
}

/** The sum of what is in one currency; `null` and a currency are not in one. */
export function addCost(one: Cost, other: Cost): Cost {
  return {
    currency: one.currency ?? other.currency,
    amount: one.amount === null || other.amount === null ? null : one.amount + other.amount,
    known: one.known + other.known,
    missing: [...new Set([...one.missing, ...other.missing])],
  };
}
