import type { BlockKind } from '../../../../../../adapters/backends/cascade/text/clause.ts';
import { noStyles } from '../../../../../../adapters/backends/cascade/text/style-tags.ts';
import {
  verbalise,
  type SpeakingOptions,
  type Spoken,
} from '../../../../../../adapters/backends/cascade/text/verbalise.ts';

/** Says one clause; a plain paragraph in American English unless told. */
export const speak = (
  text: string,
  options: Partial<SpeakingOptions> & { readonly kind?: BlockKind } = {},
): Spoken => {
  const { kind = 'paragraph', ...own } = options;
  const all = { language: 'en', dictionary: [], voiceStyles: {}, ...own };
  return verbalise({ text, kind }, all, noStyles);
};
