import type { Ear } from '../../ear/ear.ts';
import { fixture } from '../../ear/speech.ts';
import type { Received } from '../../ear/ear.ts';

/** One of the ten tool scenarios: the same declarations whatever the backend. */
export interface Scenario {
  readonly name: string;
  /** What it is about, for the test's title. */
  readonly title: string;
  /** The agent's `tools:`. @param url of the tools' server */
  readonly tools: (url: string) => readonly object[];
  /** What the model asks for. */
  readonly asks: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
  /** What a hosted model says when it is asked for a preamble or filler, in order. */
  readonly asides?: readonly string[];
  /** What the model says once the tool has answered. */
  readonly then: string;
  /** The caller's side, after the question. */
  readonly talk: (ear: Ear) => Promise<void>;
  /** States in the ledger, in the order of the calls. */
  readonly ledger: readonly string[];
  /** The run takes longer than silence may last without a word. */
  readonly long: boolean;
  /** What the model was told, as its output. */
  readonly told: RegExp;
}

const parameters = {
  type: 'object',
  properties: { beds: { type: 'integer', minimum: 1 } },
  required: ['beds'],
  additionalProperties: false,
};
const asks = { name: 'find_room', arguments: { beds: 2 } };
const then = 'That is room twelve.';
const longPreamble =
  'Let me have a look at what we have got for you in the book. It takes me a little while, ' +
  'because I have to go through all of the rooms, one after the other.';

function room(url: string, path: string, more: object = {}): object {
  return {
    name: 'find_room',
    parameters,
    http: { url: `${url}${path}`, timeoutMs: 30_000 },
    allowPrivateAddresses: true,
    ...more,
  };
}

/** Waits for `count` answers that are no fillers: the question's own, and those to tools. */
async function answers(ear: Ear, words: string): Promise<void> {
  await ear.waitFor((event) => transcriptOf(event) === words, { timeoutMs: 20_000 });
  await ear.untilQuiet(400);
}

/** Says it until it is heard: on a busy machine what is said may not even be looked at. */
async function insist(ear: Ear): Promise<void> {
  const isStopped = ({ type, item }: Received['event']): boolean =>
    type === 'conversation.item.added' &&
    (item as { type: string }).type === 'function_call_output';
  for (let tries = 0; tries < 3; tries += 1) {
    ear.say(fixture('wait').samples);
    const heard = ear.waitFor(isStopped, { timeoutMs: 4_000 }).catch(() => null);
    if ((await heard) !== null) return;
  }
  throw new Error('the agent was not interrupted');
}

export function transcriptOf(event: Received['event']): string | null {
  return event.type === 'response.output_audio_transcript.done'
    ? String(event['transcript'])
    : null;
}

export const clientTool = { type: 'function', name: 'count_tables', parameters } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'fast',
    title: 'a fast tool answers without a word in between',
    tools: (url) => [room(url, '/rooms')],
    asks,
    then,
    talk: (ear) => answers(ear, then),
    ledger: ['answered'],
    long: false,
    told: /"room":12/,
  },
  {
    name: 'slow',
    title: 'a slow tool is announced, and a filler follows',
    tools: (url) => [
      room(url, '/slow', { preamble: 'One moment, please.', fillers: ['Still looking.'] }),
    ],
    asks,
    asides: ['One moment, please.', 'Still looking.'],
    then,
    talk: (ear) => answers(ear, then),
    ledger: ['answered'],
    long: true,
    told: /"room":12/,
  },
  {
    name: 'asynchronous',
    title: 'an asynchronous tool is told later, when nobody speaks',
    tools: (url) => [room(url, '/later', { mode: 'asynchronous', preamble: 'I will look it up.' })],
    asks,
    asides: ['I will look it up.'],
    then,
    talk: (ear) => answers(ear, then),
    ledger: ['answered'],
    long: true,
    told: /"room":12|has started/,
  },
  {
    name: 'throws',
    title: 'a tool that fails is told in words',
    tools: (url) => [room(url, '/throws')],
    asks,
    then,
    talk: (ear) => answers(ear, then),
    ledger: ['failed'],
    long: false,
    told: /failed \(its server answered with status 500/,
  },
  {
    name: 'hangs',
    title: 'a tool that hangs is given up at its deadline',
    tools: (url) => [
      // A filler would come in the same moment as the deadline.
      room(url, '/hangs', { deadlineMs: 2_500, preamble: 'One moment, please.', fillers: [] }),
    ],
    asks,
    asides: ['One moment, please.'],
    then,
    talk: (ear) => answers(ear, then),
    ledger: ['timed_out'],
    long: true,
    told: /did not answer within 2.5 s/,
  },
  {
    name: 'twice',
    title: 'an answer that comes twice counts once',
    tools: () => [],
    asks: { name: 'count_tables', arguments: { beds: 2 } },
    then,
    talk: async (ear: Ear): Promise<void> => {
      const called = await ear.waitFor('response.function_call_arguments.done');
      await ear.waitFor('response.done');
      for (const output of ['three', 'four']) {
        const item = { type: 'function_call_output', call_id: called.event['call_id'], output };
        ear.send({ type: 'conversation.item.create', item });
      }
      ear.send({ type: 'response.create' });
      await answers(ear, then);
    },
    ledger: ['answered'],
    long: false,
    told: /^three$/,
  },
  {
    name: 'invalid',
    title: 'arguments that do not fit are told field by field, and nothing is sent',
    tools: (url) => [room(url, '/never')],
    asks: { name: 'find_room', arguments: { beds: 0, view: 'sea' } },
    then,
    talk: (ear) => answers(ear, then),
    ledger: ['refused'],
    long: false,
    told: /"view" is not known\. "beds" must be >= 1|"beds" must be >= 1\. "view" is not known/,
  },
  {
    name: 'interrupted',
    title: 'the caller interrupts, and a cancellable tool is stopped',
    tools: (url) => [
      room(url, '/hangs', { cancellable: true, preamble: longPreamble, deadlineMs: 30_000 }),
    ],
    asks,
    asides: [longPreamble],
    then,
    talk: async (ear: Ear): Promise<void> => {
      await ear.untilPlaying(1_000);
      await insist(ear);
      await ear.pause(300);
      await ear.untilQuiet(500);
    },
    ledger: ['cancelled'],
    long: true,
    told: /was stopped because the caller interrupted/,
  },
  {
    name: 'large',
    title: 'a result that is too large is not passed on',
    tools: (url) => [room(url, '/big')],
    asks,
    then,
    talk: (ear) => answers(ear, then),
    ledger: ['failed'],
    long: false,
    told: /longer than 16384 characters/,
  },
  {
    name: 'ends',
    title: 'the call ends when the goodbye has been heard',
    tools: () => [{ builtin: 'end_call' }],
    asks: { name: 'end_call', arguments: { reason: 'all done' } },
    then: 'Goodbye, and thank you.',
    talk: async (ear: Ear): Promise<void> => {
      await ear.waitFor((event) => transcriptOf(event) === 'Goodbye, and thank you.');
      for (let waitedMs = 0; ear.closed === undefined && waitedMs < 8_000; waitedMs += 50) {
        await ear.pause(50);
      }
    },
    ledger: ['answered'],
    long: false,
    told: /The call ends as soon as your goodbye/,
  },
];
