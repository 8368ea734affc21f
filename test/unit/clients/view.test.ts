import { describe, expect, it } from 'vitest';
import type { ToolCallItem } from '../../../src/ports/conversation.ts';
import type { LogEvent } from '../../../src/ports/events.ts';
import { plainSettings } from '../../support/fake-call.ts';
import {
  audio,
  brief,
  callerTurn,
  closed,
  line,
  nothingHeard,
  pieceInBase64,
  show,
  text,
  type Step,
} from './view-script.ts';

const briefs = (...args: Parameters<typeof show>): string[] =>
  show(...args)
    .events.slice(1)
    .map(brief);

const call: ToolCallItem = {
  kind: 'tool_call',
  itemId: 'item_call',
  status: 'completed',
  toolCallId: 'call_a',
  name: 'find_room',
  arguments: '{"beds":2}',
};
const called: LogEvent = {
  type: 'tool.called',
  lineId: 'line_1',
  item: call,
  previousItemId: 'item_user',
  runner: 'client',
};

describe('a detected turn with an audio answer', () => {
  const steps: Step[] = [
    ...callerTurn,
    line(),
    text('Good '),
    audio(),
    text('morning.'),
    audio(),
    closed(),
  ];

  it('comes in the documented order', () => {
    const opened = '[{"type":"output_audio","transcript":"Good morning."}]';
    expect(briefs(steps)).toEqual([
      'input_audio_buffer.speech_started item_user 120',
      'input_audio_buffer.speech_stopped item_user 1900',
      'input_audio_buffer.committed item_user after nothing',
      'conversation.item.added item_user:message:completed [{"type":"input_audio","transcript":null}] after nothing',
      'conversation.item.done item_user:message:completed [{"type":"input_audio","transcript":null}] after nothing',
      'response.created resp_1 in_progress []',
      'response.output_item.added #0 item_agent:message:in_progress []',
      'conversation.item.added item_agent:message:in_progress [] after item_user',
      'response.content_part.added #0 item_agent {"type":"audio","transcript":""}',
      'response.output_audio_transcript.delta #0 item_agent "Good "',
      `response.output_audio.delta #0 item_agent "${pieceInBase64}"`,
      'response.output_audio_transcript.delta #0 item_agent "morning."',
      `response.output_audio.delta #0 item_agent "${pieceInBase64}"`,
      'response.output_audio.done #0 item_agent',
      'response.output_audio_transcript.done #0 item_agent "Good morning."',
      'response.content_part.done #0 item_agent {"type":"audio","transcript":"Good morning."}',
      `response.output_item.done #0 item_agent:message:completed ${opened}`,
      `conversation.item.done item_agent:message:completed ${opened} after item_user`,
      `response.done resp_1 completed [item_agent:message:completed ${opened}]`,
    ]);
  });

  it('gives the whole response at its beginning and its end', () => {
    const usage = {
      inputTextTokens: 10,
      inputAudioTokens: 18,
      inputCachedTokens: null,
      outputTextTokens: 4,
      outputAudioTokens: null,
    };
    const { events } = show([
      line({ overrides: { voice: 'cedar', maxOutputTokens: 100 }, metadata: { a: 'b' } }),
      closed({ status: 'completed' }, 'line_1', usage),
    ]);
    const response = {
      object: 'realtime.response',
      id: 'resp_1',
      status: 'in_progress',
      status_details: null,
      output: [],
      conversation_id: 'conv_1',
      output_modalities: ['audio'],
      max_output_tokens: 100,
      audio: { output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'cedar' } },
      usage: null,
      metadata: { a: 'b' },
    };
    expect(events.slice(1)).toEqual([
      { type: 'response.created', event_id: 'event_2', response },
      {
        type: 'response.done',
        event_id: 'event_3',
        response: {
          ...response,
          status: 'completed',
          usage: {
            total_tokens: 32,
            input_tokens: 28,
            output_tokens: 4,
            input_token_details: { text_tokens: 10, audio_tokens: 18 },
            output_token_details: { text_tokens: 4 },
          },
        },
      },
    ]);
  });

  it('is read by the Agents SDK as what it is', () => {
    const { sdk } = show(steps);
    expect(sdk.itemUpdates.at(-1)).toMatchObject({
      itemId: 'item_agent',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_audio', transcript: 'Good morning.' }],
    });
  });
});

it('a text answer has text parts and text content', () => {
  const content = '[{"type":"output_text","text":"Yes."}]';
  expect(briefs([line({ modality: 'text' }), text('Ye'), text('s.'), closed()])).toEqual([
    'response.created resp_1 in_progress []',
    'response.output_item.added #0 item_agent:message:in_progress []',
    'conversation.item.added item_agent:message:in_progress [] after item_user',
    'response.content_part.added #0 item_agent {"type":"text","text":""}',
    'response.output_text.delta #0 item_agent "Ye"',
    'response.output_text.delta #0 item_agent "s."',
    'response.output_text.done #0 item_agent "Yes."',
    'response.content_part.done #0 item_agent {"type":"text","text":"Yes."}',
    `response.output_item.done #0 item_agent:message:completed ${content}`,
    `conversation.item.done item_agent:message:completed ${content} after item_user`,
    `response.done resp_1 completed [item_agent:message:completed ${content}]`,
  ]);
});

describe('a function call', () => {
  it('is announced unfinished, then finished, in a response of its own items', () => {
    expect(briefs([line(), called, closed()])).toEqual([
      'response.created resp_1 in_progress []',
      'response.output_item.added #0 item_call:function_call:in_progress',
      'conversation.item.added item_call:function_call:in_progress after item_user',
      'response.function_call_arguments.delta #0 item_call "{\\"beds\\":2}"',
      'response.function_call_arguments.done #0 item_call "{\\"beds\\":2}"',
      'response.output_item.done #0 item_call:function_call:completed',
      'conversation.item.done item_call:function_call:completed after item_user',
      'response.done resp_1 completed [item_call:function_call:completed]',
    ]);
  });

  it('leaves a message of the same response open, and both keep their index', () => {
    const shown = briefs([line(), text('Let me see.'), called, audio(), closed()]);
    expect(shown).toContain('response.output_item.added #1 item_call:function_call:in_progress');
    expect(shown).toContain(`response.output_audio.delta #0 item_agent "${pieceInBase64}"`);
    expect(shown.at(-1)).toBe(
      'response.done resp_1 completed [item_agent:message:completed ' +
        '[{"type":"output_audio","transcript":"Let me see."}], item_call:function_call:completed]',
    );
  });

  it('reaches the app once, with its name and arguments', () => {
    const { sdk } = show([line(), called, closed()]);
    expect(sdk.functionCalls).toEqual([
      expect.objectContaining({
        callId: 'call_a',
        name: 'find_room',
        arguments: '{"beds":2}',
        responseId: 'resp_1',
      }),
    ]);
  });

  it('that the gateway runs is history, not something for the app to run', () => {
    const { events, sdk } = show([line(), { ...called, runner: 'gateway' }, closed()]);
    expect(events.slice(2).map(brief)).toEqual([
      'conversation.item.added item_call:function_call:completed after item_user',
      'conversation.item.done item_call:function_call:completed after item_user',
      'response.done resp_1 completed []',
    ]);
    expect(sdk.functionCalls).toEqual([]);
  });
});

it('a line out of band leaves the conversation alone and keeps its labels', () => {
  const { events } = show([
    line({
      epoch: null,
      modality: 'text',
      previousItemId: null,
      metadata: { topic: 'mood' },
    }),
    text('calm'),
    called,
    closed(),
  ]);
  expect(
    events.map((event) => event.type).filter((type) => type.startsWith('conversation')),
  ).toEqual([]);
  expect(events.at(-1)).toMatchObject({
    response: { conversation_id: null, metadata: { topic: 'mood' } },
  });
});

it('a line beside the conversation does not disturb the one in it', () => {
  const { events, view } = show([
    line(),
    line({ lineId: 'line_2', itemId: 'item_side', epoch: null, modality: 'text' }),
    text('Hello', 'line_1'),
    text('side', 'line_2'),
    closed({ status: 'completed' }, 'line_2'),
    text(' there', 'line_1'),
  ]);
  expect(events.map(brief).at(-1)).toBe(
    'response.output_audio_transcript.delta #0 item_agent " there"',
  );
  expect(view.activeResponseId).toBe('resp_1');
});

describe('a line that is cut', () => {
  it('closes its parts, is incomplete, and ends as cancelled by the caller', () => {
    const content = '[{"type":"output_audio","transcript":"One two"}]';
    const shown = briefs([
      line(),
      text('One two'),
      audio(),
      { type: 'speech.started', itemId: 'item_next', audioStartMs: 4000, detectedAtMs: 4200 },
      {
        type: 'agent.cut',
        epoch: 1,
        by: 'caller',
        droppedMs: 900,
        lineId: 'line_1',
        extent: nothingHeard,
      },
      closed({ status: 'cancelled', reason: 'turn_detected' }),
      { type: 'stale.dropped', lineId: 'line_1', what: 'audio' },
    ]);
    expect(shown.slice(shown.indexOf('input_audio_buffer.speech_started item_next 4000'))).toEqual([
      'input_audio_buffer.speech_started item_next 4000',
      'response.output_audio.done #0 item_agent',
      'response.output_audio_transcript.done #0 item_agent "One two"',
      'response.content_part.done #0 item_agent {"type":"audio","transcript":"One two"}',
      `response.output_item.done #0 item_agent:message:incomplete ${content}`,
      `conversation.item.done item_agent:message:incomplete ${content} after item_user`,
      `response.done resp_1 cancelled turn_detected [item_agent:message:incomplete ${content}]`,
    ]);
  });

  it('before it said anything shows no item at all', () => {
    expect(briefs([line(), closed({ status: 'cancelled', reason: 'client_cancelled' })])).toEqual([
      'response.created resp_1 in_progress []',
      'response.done resp_1 cancelled client_cancelled []',
    ]);
  });

  it('says nothing more, and what still comes is counted', () => {
    const { events, view } = show([
      line(),
      audio(),
      closed({ status: 'cancelled', reason: 'turn_detected' }),
      audio(),
      text('late'),
      closed(),
    ]);
    expect(events.at(-1)?.type).toBe('response.done');
    expect(view.figures.unplaced).toBe(3);
    expect(view.activeResponseId).toBeNull();
  });
});

it.each([
  [
    { status: 'failed', code: 'backend_stalled', message: 'gone' },
    { type: 'failed', error: { type: 'server_error', code: 'backend_stalled', message: 'gone' } },
  ],
  [
    { status: 'incomplete', reason: 'max_output_tokens' },
    { type: 'incomplete', reason: 'max_output_tokens' },
  ],
  [{ status: 'cancelled', reason: 'call_closed' }, { type: 'cancelled' }],
] as const)('an end %j has its details', (end, details) => {
  expect(show([line(), closed(end)]).events.at(-1)).toMatchObject({
    response: { status: end.status, status_details: details },
  });
});

it('a manual turn has no speech events, and no response until one is asked for', () => {
  expect(briefs([{ ...callerTurn[2]!, cause: 'manual' } as LogEvent])).toEqual([
    'input_audio_buffer.committed item_user after nothing',
    'conversation.item.added item_user:message:completed [{"type":"input_audio","transcript":null}] after nothing',
    'conversation.item.done item_user:message:completed [{"type":"input_audio","transcript":null}] after nothing',
  ]);
});

it('items that come, go and are cut short are told', () => {
  expect(
    briefs([
      {
        type: 'item.added',
        item: {
          kind: 'message',
          itemId: 'item_text',
          status: 'completed',
          role: 'user',
          content: [{ type: 'text', text: 'Hi' }],
        },
        previousItemId: 'item_agent',
      },
      {
        type: 'item.added',
        item: {
          kind: 'tool_output',
          itemId: 'item_out',
          status: 'completed',
          toolCallId: 'c',
          output: '',
        },
        previousItemId: 'item_text',
      },
      { type: 'item.deleted', itemId: 'item_text' },
      {
        type: 'item.truncated',
        itemId: 'item_agent',
        requestedMs: 820,
        heardMs: 790,
        heardText: 'One',
      },
    ]),
  ).toEqual([
    'conversation.item.added item_text:message:completed [{"type":"input_text","text":"Hi"}] after item_agent',
    'conversation.item.done item_text:message:completed [{"type":"input_text","text":"Hi"}] after item_agent',
    'conversation.item.added item_out:function_call_output:completed after item_text',
    'conversation.item.done item_out:function_call_output:completed after item_text',
    'conversation.item.deleted item_text',
    'conversation.item.truncated item_agent 820',
  ]);
});

it('an idle prompt, cleared buffers and faults are told', () => {
  expect(
    briefs([
      { type: 'turn.idle', itemId: 'item_idle', audioStartMs: 9000, audioEndMs: 14_000 },
      { type: 'input.cleared' },
      line(),
      { type: 'output.cleared', lineId: 'line_1' },
      { type: 'output.cleared', lineId: null },
      { type: 'fault', code: 'detector_failed', message: 'no detector' },
      { type: 'backend.failed', backend: 'b', code: 'backend_closed', message: 'next one' },
    ]),
  ).toEqual([
    'input_audio_buffer.timeout_triggered item_idle 9000 14000',
    'input_audio_buffer.cleared',
    'response.created resp_1 in_progress []',
    'output_audio_buffer.cleared',
    'output_audio_buffer.cleared',
    'error',
  ]);
});

describe('transcripts of the caller', () => {
  const said = (words: string, final = false): LogEvent => ({
    type: 'caller.transcript',
    itemId: 'item_user',
    text: words,
    final,
  });
  const steps = [
    said('One'),
    said('One two'),
    said('One'),
    said('Won too three'),
    said('1 2', true),
  ];

  it('grow by what is new, skip what was revised, and end whole', () => {
    expect(briefs(steps, { callerTranscripts: true })).toEqual([
      'conversation.item.input_audio_transcription.delta item_user "One"',
      'conversation.item.input_audio_transcription.delta item_user " two"',
      'conversation.item.input_audio_transcription.completed item_user "1 2"',
    ]);
  });

  it('are not shown to a client that did not ask', () => {
    expect(briefs(steps)).toEqual([]);
  });
});

it('session.created comes first and session.updated follows a change, both whole', () => {
  const settings = { ...plainSettings, callerTranscripts: true, turnDetection: null };
  const { events } = show([
    { type: 'backend.opening', backend: 'rehearsal' },
    { type: 'call.configured', settings },
  ]);
  const session = {
    type: 'realtime',
    object: 'realtime.session',
    id: 'sess_1',
    model: 'desk',
    output_modalities: ['audio'],
    instructions: 'Be brief.',
    tools: [],
    tool_choice: 'auto',
    parallel_tool_calls: null,
    reasoning: null,
    max_output_tokens: 'inf',
    truncation: 'auto',
    tracing: null,
    prompt: null,
    include: null,
    audio: {
      input: {
        format: { type: 'audio/pcm', rate: 24000 },
        noise_reduction: null,
        transcription: null,
        turn_detection: {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 500,
          create_response: true,
          interrupt_response: true,
          idle_timeout_ms: null,
        },
      },
      output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'marin', speed: 1 },
    },
  };
  expect(events).toEqual([
    { type: 'session.created', event_id: 'event_1', session },
    {
      type: 'session.updated',
      event_id: 'event_2',
      session: {
        ...session,
        audio: {
          ...session.audio,
          input: {
            ...session.audio.input,
            transcription: { model: 'rehearsal' },
            turn_detection: null,
          },
        },
      },
    },
  ]);
});
