import type { AudioFormat } from '../../src/audio/format.ts';
import type { BackendCapabilities } from '../../src/ports/backend.ts';

/** One backend's column. */
export interface CapabilityColumn {
  readonly title: string;
  readonly capabilities: BackendCapabilities;
}

/** One row: which capabilities it tells of, and how. */
interface Row {
  readonly title: string;
  readonly keys: readonly (keyof BackendCapabilities)[];
  readonly cell: (capabilities: BackendCapabilities) => string;
}

const yes = (able: boolean): string => (able ? 'yes' : '–');

function formats(offered: readonly AudioFormat[]): string {
  const names = { pcm16: 'PCM', pcmu: 'μ-law', pcma: 'A-law' } as const;
  return offered.map(({ codec, rateHz }) => `${names[codec]} ${rateHz / 1000} kHz`).join(', ');
}

function duration(capMs: number | null): string {
  return capMs === null ? 'none' : `${capMs / 60_000} min`;
}

const rows: readonly Row[] = [
  {
    title: 'who decides about turns',
    keys: ['authorities'],
    cell: ({ authorities }) => authorities.join(' or '),
  },
  {
    title: 'manual turns',
    keys: ['commit', 'authorities'],
    cell: ({ commit, authorities }) => yes(commit && authorities.includes('gateway')),
  },
  {
    title: 'answers when asked',
    keys: ['commit', 'authorities'],
    cell: ({ commit, authorities, promptable }) =>
      yes(promptable === true || (commit && !authorities.includes('model'))),
  },
  {
    title: 'is asked to speak, though it has no turns',
    keys: ['promptable'],
    cell: ({ promptable }) => yes(promptable === true),
  },
  {
    title: 'decides itself what to make of notes',
    keys: ['notes'],
    cell: ({ notes }) => yes(notes === true),
  },
  {
    title: 'tells the time of its sessions itself',
    keys: ['reportsTime'],
    cell: ({ reportsTime }) => yes(reportsTime === true),
  },
  { title: 'can be stopped', keys: ['cancel'], cell: ({ cancel }) => yes(cancel) },
  {
    title: 'is told what was heard',
    keys: ['truncate'],
    cell: ({ truncate }) => yes(truncate),
  },
  {
    title: 'follows instructions',
    keys: ['instructions'],
    cell: ({ instructions }) => yes(instructions),
  },
  {
    title: 'history it can begin with',
    keys: ['seedHistory'],
    cell: ({ seedHistory }) => (seedHistory === 'none' ? '–' : seedHistory),
  },
  {
    title: 'stands by before it is needed',
    keys: ['standby'],
    cell: ({ standby }) => yes(standby === true),
  },
  {
    title: 'items from outside, mid-call',
    keys: ['appendContext'],
    cell: ({ appendContext }) => yes(appendContext),
  },
  {
    title: 'answers beside the conversation',
    keys: ['outOfBand'],
    cell: ({ outOfBand }) => yes(outOfBand),
  },
  {
    title: 'answers begun ahead of the turn',
    keys: ['speculation'],
    cell: ({ speculation }) => yes(speculation === true),
  },
  {
    title: 'runs tools of MCP servers itself',
    keys: ['toolServers'],
    cell: ({ toolServers }) => yes(toolServers === true),
  },
  {
    title: 'sends audio up only while the caller has the floor',
    keys: ['callerFloor'],
    cell: ({ callerFloor }) => yes(callerFloor === true),
  },
  {
    title: 'tells the stages of an answer',
    keys: ['stages'],
    cell: ({ stages }) => yes(stages === true),
  },
  {
    title: 'words that are given to it',
    keys: ['verbatim'],
    cell: ({ verbatim }) => yes(verbatim === true),
  },
  { title: 'tools', keys: ['tools'], cell: ({ tools }) => (tools === 'none' ? '–' : tools) },
  {
    title: 'words of the caller',
    keys: ['transcripts'],
    cell: ({ transcripts: { caller, partials } }) =>
      caller ? `yes${partials === true ? ', while they are said' : ''}` : '–',
  },
  {
    title: 'words of the agent',
    keys: ['transcripts'],
    cell: ({ transcripts: { agent, wordTimes } }) =>
      agent ? `yes${wordTimes ? ', with times' : ''}` : '–',
  },
  {
    title: 'answers in',
    keys: ['modalities'],
    cell: ({ modalities }) => modalities.join(', '),
  },
  {
    title: 'voices',
    keys: ['voices'],
    cell: ({ voices }) =>
      voices === null ? 'its own' : voices === 'any' ? 'as named' : String(voices.length),
  },
  {
    title: 'audio in',
    keys: ['inputFormats'],
    cell: ({ inputFormats }) => formats(inputFormats),
  },
  {
    title: 'audio out',
    keys: ['outputFormats'],
    cell: ({ outputFormats }) => formats(outputFormats),
  },
  {
    title: 'audio faster than real time',
    keys: ['fasterThanRealTime'],
    cell: ({ fasterThanRealTime }) => yes(fasterThanRealTime),
  },
  {
    title: 'longest session',
    keys: ['sessionCapMs'],
    cell: ({ sessionCapMs }) => duration(sessionCapMs),
  },
  {
    title: 'takes up a lost session',
    keys: ['resumption'],
    cell: ({ resumption }) => yes(resumption),
  },
  {
    title: 'fixed once a call has begun',
    keys: ['rigid'],
    cell: ({ rigid }) => list(rigid?.afterStart ?? []),
  },
  {
    title: 'settings without a choice',
    keys: ['rigid'],
    cell: ({ rigid }) =>
      list([...(rigid?.always ?? []), ...(rigid?.perLine === true ? ['those of one answer'] : [])]),
  },
];

/** Wire names of settings, as clients know them. */
const settingNames: Readonly<Record<string, string>> = {
  toolChoice: '`tool_choice`',
  maxOutputTokens: '`max_output_tokens`',
  turnDetection: '`turn_detection`',
};

function list(settings: readonly string[]): string {
  const names = settings.map((name) => settingNames[name] ?? name);
  return names.length === 0 ? '–' : names.join(', ');
}

/** Capabilities that some row tells of. */
export const toldKeys: ReadonlySet<string> = new Set(rows.flatMap(({ keys }) => keys));

/** What every backend can do, as a Markdown table: a row a capability, a column a backend. */
export function capabilityTable(columns: readonly CapabilityColumn[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['', ...columns.map(({ title }) => `\`${title}\``)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(({ title, cell }) =>
      line([title, ...columns.map(({ capabilities }) => cell(capabilities))]),
    ),
  ].join('\n');
}

/**
 * A document with a table between its marks.
 *
 * @param name of the marks
 * @returns `null` where there are none
 */
export function withTable(text: string, table: string, name = 'capabilities'): string | null {
  const begins = `<!-- ${name}: written by \`npm run docs\` -->`;
  const from = text.indexOf(begins);
  const to = text.indexOf(`<!-- /${name} -->`);
  if (from < 0 || to < from) return null;
  return `${text.slice(0, from + begins.length)}\n\n${table}\n\n${text.slice(to)}`;
}
