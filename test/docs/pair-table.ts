import type { BackendCapabilities } from '../../src/ports/backend.ts';
import type { CapabilityColumn } from './capability-table.ts';

/** Something that a client can ask for and not have: when, and in its users' words. */
interface Loss {
  readonly words: string;
  readonly lost: (capabilities: BackendCapabilities) => boolean;
}

const modelDecides = ({ authorities }: BackendCapabilities): boolean =>
  authorities.every((authority) => authority === 'model');
const asked = (capabilities: BackendCapabilities): boolean =>
  modelDecides(capabilities) ? capabilities.promptable === true : capabilities.commit;

const both: readonly Loss[] = [
  { words: 'instructions', lost: ({ instructions }) => !instructions },
  {
    words: 'the caller’s words (but by a listener beside)',
    lost: ({ transcripts }) => !transcripts.caller,
  },
  { words: 'the agent’s words', lost: ({ transcripts }) => !transcripts.agent },
];

const realtimeLosses: readonly Loss[] = [
  ...both,
  { words: 'answers on request', lost: (able) => !asked(able) },
  {
    words: 'manual turns',
    lost: ({ authorities, commit }) => !commit || !authorities.includes('gateway'),
  },
  { words: 'answers in text', lost: ({ modalities }) => !modalities.includes('text') },
  { words: 'answers beside the conversation', lost: ({ outOfBand }) => !outOfBand },
  {
    words: 'settings of a single answer (but instructions)',
    lost: ({ rigid, promptable }) => rigid?.perLine === true && promptable === true,
  },
  {
    words: 'settings of a single answer',
    lost: ({ rigid, promptable }) => rigid?.perLine === true && promptable !== true,
  },
  { words: 'items from outside', lost: ({ appendContext }) => !appendContext },
  {
    words: 'items in between, and their deletion',
    lost: (able) => able.appendContext && modelDecides(able),
  },
  { words: 'tools', lost: ({ tools }) => tools === 'none' },
  {
    words: 'more than one tool, unless the backend is told which',
    lost: ({ rigid }) => rigid?.mostTools !== undefined,
  },
  {
    words: '`max_output_tokens`',
    lost: ({ rigid }) => rigid?.always.includes('maxOutputTokens') === true,
  },
];

const liveLosses: readonly Loss[] = [
  {
    words: 'listening and speaking at once, and murmurs of the agent (turns are taken here)',
    lost: (able) => !modelDecides(able),
  },
  ...both,
  { words: 'a history to begin with, appends', lost: ({ appendContext }) => !appendContext },
  {
    words: 'commentary',
    lost: (able) => able.appendContext && able.notes !== true && !asked(able),
  },
  { words: 'delegation', lost: ({ tools }) => tools === 'none' },
  {
    words: '`acknowledgement_delay_ms` (the model’s own)',
    lost: ({ notes }) => notes === true,
  },
];

function cell(losses: readonly Loss[], capabilities: BackendCapabilities): string {
  const lost = losses.filter((loss) => loss.lost(capabilities)).map(({ words }) => words);
  return `works; ${lost.length === 0 ? 'nothing is lost' : `lost: ${lost.join('; ')}`}`;
}

/** Which client works with which backend, and what is lost, as a Markdown table. */
export function pairTable(columns: readonly CapabilityColumn[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['backend', 'Realtime client', 'Live client']),
    line(['---', '---', '---']),
    ...columns.map(({ title, capabilities }) =>
      line([`\`${title}\``, cell(realtimeLosses, capabilities), cell(liveLosses, capabilities)]),
    ),
  ].join('\n');
}
