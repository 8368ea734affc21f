import { cutOut, type MappedText } from './mapped-text.ts';

/** How a voice is told about styles: our name of a style → its own. */
export type VoiceStyles = Readonly<Record<string, string>>;

/** A stretch of the spoken text in one of the voice's own styles, in UTF-16 units. */
export interface StyleSpan {
  readonly style: string;
  readonly spokenStart: number;
  readonly spokenEnd: number;
}

/** Styles that are on where a clause ends; the next clause begins with them. */
export interface OpenStyles {
  /** `<whisper>` … `</whisper>`, the innermost last. */
  readonly enclosing: readonly string[];
  /** `[cheerful]` holds until the next one, `[neutral]`, or the end of the answer. */
  readonly set: string | undefined;
}

export const noStyles: OpenStyles = { enclosing: [], set: undefined };

/** What may stand in a tag; other words in brackets are text. */
const known =
  'whisper|whispering|cheerful|happy|excited|sad|angry|calm|serious|friendly|empathetic|apologetic|curious|surprised|sarcastic|shouting|softly|slowly|quickly|laughs?|laughing|sighs?|sighing|chuckles?|gasps?|pause|neutral';

const tag = new RegExp(`<(?<close>/)?(?<angle>${known})\\s*/?>|\\[(?<square>${known})\\]`, 'giu');

/** Deeper than this nobody nests. */
const maxDepth = 8;

/** A part of a text and the style it is in, `undefined` for the voice's usual one. */
export interface StyledPart {
  readonly text: MappedText;
  readonly style: string | undefined;
}

/** The innermost style that the voice has: an enclosing tag before one that was only set. */
const inForce = ({ enclosing, set }: OpenStyles, voice: VoiceStyles): string | undefined => {
  const names = set === undefined ? enclosing : [set, ...enclosing];
  const name = names.findLast((candidate) => Object.hasOwn(voice, candidate));
  return name === undefined ? undefined : voice[name];
};

/**
 * Takes style tags out of a text and says which part is in which style.
 *
 * @returns parts in order, what is open at the end, and how many tags named a style the voice lacks
 */
export const styledParts = (
  source: MappedText,
  open: OpenStyles,
  voice: VoiceStyles,
): {
  readonly parts: readonly StyledPart[];
  readonly open: OpenStyles;
  readonly dropped: number;
} => {
  const parts: StyledPart[] = [];
  let state = open;
  let dropped = 0;
  let at = 0;
  const add = (end: number): void => {
    if (end > at) parts.push({ text: cutOut(source, at, end), style: inForce(state, voice) });
  };
  for (const match of source.text.matchAll(tag)) {
    const { groups } = match;
    const name = (groups?.['angle'] ?? groups?.['square'] ?? '').toLowerCase();
    add(match.index);
    at = match.index + match[0].length;
    const closes = groups?.['close'] !== undefined;
    if (!closes && name !== 'neutral' && !Object.hasOwn(voice, name)) dropped += 1;
    if (groups?.['square'] !== undefined)
      state = { ...state, set: name === 'neutral' ? undefined : name };
    else if (closes) {
      const last = state.enclosing.lastIndexOf(name);
      if (last >= 0) state = { ...state, enclosing: state.enclosing.toSpliced(last, 1) };
    } else if (state.enclosing.length < maxDepth && !match[0].endsWith('/>'))
      state = { ...state, enclosing: [...state.enclosing, name] };
  }
  add(source.text.length);
  return { parts, open: state, dropped };
};
