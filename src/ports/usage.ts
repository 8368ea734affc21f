/**
 * What a backend uses up, by kind. Cached input is part of the input beside it, never in addition:
 * `inputCachedTokens` of all input tokens, the other two of those of their modality.
 */
export const usageKinds = [
  'inputTextTokens',
  'inputAudioTokens',
  'inputCachedTokens',
  'inputCachedTextTokens',
  'inputCachedAudioTokens',
  'outputTextTokens',
  'outputAudioTokens',
  /** Audio that a recogniser charges for, ms. */
  'recognisedAudioMs',
  /** Characters given to a voice. */
  'spokenCharacters',
  /** Time of sessions that the vendor charges for, where it says so itself, ms. */
  'sessionMs',
  /** Time that a session with the backend was open, ms. */
  'connectedMs',
  /** Audio from the caller, ms. */
  'callerAudioMs',
  /** Audio of the agent that was given to the client, ms. */
  'agentAudioMs',
  'toolCalls',
  /** Answers that brought something and of which the vendor did not say what they used. */
  'unreportedAnswers',
] as const;

export type UsageKind = (typeof usageKinds)[number];

/** Quantities by kind; what is not named was not used. */
export type Quantities = Readonly<Partial<Record<UsageKind, number>>>;

/** What a quantity costs; unknown parts are named and never guessed. */
export interface Cost {
  /** ISO 4217; `null` where the backend has no prices. */
  readonly currency: string | null;
  /** `null` where something of it has no known price. */
  readonly amount: number | null;
  /** The part whose price is known: what limits go by. */
  readonly known: number;
  /** What has no known price: kinds of usage, or `prices` where the backend has none. */
  readonly missing: readonly string[];
}

/** How an amount is known: the vendor said it, Parley counted it, or nobody knows it. */
export type UsageSource = 'reported' | 'counted' | 'unknown';

/** One kind of what a backend used; `amount` is `null` exactly where the source is `unknown`. */
export interface UsageAmount {
  readonly amount: number | null;
  readonly source: UsageSource;
}

/** What one backend used in one call, and what that costs. */
export interface BackendUsage {
  readonly backend: string;
  readonly amounts: Readonly<Record<UsageKind, UsageAmount>>;
  readonly cost: Cost;
}

/** What a call costs in one currency, or in none that is known. */
export type CallSpend = readonly Cost[];

/** What may be limited. */
export const limitedThings = ['spend', 'minutes', 'tokens'] as const;
export type LimitedThing = (typeof limitedThings)[number];

/** Money (in the limits' currency), minutes and tokens. */
export type LimitedAmounts = Readonly<Record<LimitedThing, number>>;

/** `null` = without limit. */
export type SpendLimits = Readonly<Record<LimitedThing, number | null>>;

/** Whose limit it is: the call's own, or the key's or the whole process's for a day (UTC). */
export type LimitScope = 'call' | 'key' | 'day';
