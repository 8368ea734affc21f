import { describe, expect, test } from 'vitest';
import type { Line, LineEnd, LineExtent, LogEntry, LogEvent } from '../../../src/ports/events.ts';
import { recordOf } from '../../../src/server/records.ts';

const header = { callId: 'call_1', agent: 'desk', startedAt: '2026-11-20T10:00:00.000Z' };

function log(...steps: readonly (readonly [number, LogEvent])[]): readonly LogEntry[] {
  return steps.map(([atMs, event], seq) => ({ ...event, seq, atMs }));
}

function opened(lineId: string, cause: Line['cause'], epoch: number | null = 1): LogEvent {
  return {
    type: 'line.opened',
    line: {
      lineId,
      cause,
      requestId: null,
      epoch,
      modality: 'audio',
      overrides: {},
      metadata: null,
      itemId: `item_${lineId}`,
      previousItemId: null,
    },
  };
}

function closed(
  lineId: string,
  heardText: string,
  end: LineEnd = { status: 'completed' },
): LogEvent {
  return { type: 'line.closed', lineId, end, extent: extentOf(heardText), usage: null };
}

function heard(lineId: string, heardText: string): LogEvent {
  return { type: 'line.heard', lineId, extent: extentOf(heardText) };
}

function extentOf(heardText: string): LineExtent {
  return {
    generatedMs: 0,
    sentMs: 0,
    heardMs: 0,
    sentText: heardText,
    heardText,
    heardBy: 'clock',
    wordsBy: 'times',
  };
}

function committed(itemId: string, speechEndAtMs: number | null): LogEvent {
  return {
    type: 'turn.committed',
    itemId,
    previousItemId: null,
    cause: 'silence',
    fromSample: 0,
    toSample: 1,
    speechEndAtMs,
  };
}

const interrupted = { status: 'cancelled', reason: 'turn_detected' } as const;

describe('a record', () => {
  test('of an empty log says that nothing happened', () => {
    expect(recordOf(header, [])).toEqual({
      ...header,
      backend: '',
      durationMs: null,
      turns: [],
      tools: [],
      handovers: [],
      usage: [],
      spend: [],
      out: null,
      outcome: null,
      disposition: null,
      events: [],
    });
  });

  test('pairs a turn with the line that answers it, in call time', () => {
    const entries = log(
      [1, { type: 'backend.opening', backend: 'first' }],
      [3, { type: 'backend.ready', backend: 'second', openMs: 2 }],
      [900, committed('u1', 400)],
      [905, opened('l1', 'turn')],
      [1200, { type: 'line.first_packet', lineId: 'l1' }],
      [1230, { type: 'line.first_audio', lineId: 'l1' }],
      [1300, { type: 'caller.transcript', itemId: 'u1', text: 'A ro', final: false }],
      [1400, { type: 'caller.transcript', itemId: 'u1', text: 'A room, please.', final: true }],
      [3000, closed('l1', 'Of course.')],
      [9000, { type: 'call.closed', reason: { kind: 'client', wireCode: 1000 } }],
    );
    expect(recordOf(header, entries)).toMatchObject({
      backend: 'second',
      durationMs: 9000,
      turns: [
        {
          userEndMs: 400,
          firstPacketMs: 1200,
          firstAudioMs: 1230,
          interrupted: false,
          heardText: 'Of course.',
          userText: 'A room, please.',
        },
      ],
      events: entries,
    });
  });

  test('an interrupted line marks the turn that it answered, not the one that cut it', () => {
    const { turns } = recordOf(
      header,
      log(
        [900, committed('u1', 400)],
        [905, opened('l1', 'turn')],
        [1200, { type: 'line.first_packet', lineId: 'l1' }],
        [1300, { type: 'speech.started', itemId: 'u2', audioStartMs: 1, detectedAtMs: 1 }],
        [1400, closed('l1', 'Of', interrupted)],
        [2000, committed('u2', 1800)],
        [2010, opened('l2', 'turn')],
        [2200, { type: 'line.first_packet', lineId: 'l2' }],
      ),
    );
    expect(turns).toMatchObject([
      { interrupted: true, heardText: 'Of', firstPacketMs: 1200 },
      { interrupted: false, heardText: null, firstPacketMs: 2200, firstAudioMs: null },
    ]);
  });

  test('what was heard is what is known of it last, also of a line that was closed before', () => {
    const { turns } = recordOf(
      header,
      log(
        [900, committed('u1', 400)],
        [905, opened('l1', 'turn')],
        [1600, closed('l1', 'Room')],
        [1610, opened('l2', 'tool', 2)],
        [1700, closed('l2', 'It is')],
        [1800, heard('l1', 'Room 7.')],
        [1900, heard('l2', 'It is free.')],
        [1950, heard('l9', 'of no turn')],
      ),
    );
    expect(turns).toMatchObject([{ heardText: 'Room 7. It is free.' }]);
  });

  test('a tool call in between belongs to the turn: its audio comes with the second line', () => {
    const { turns, tools } = recordOf(
      header,
      log(
        [900, committed('u1', 400)],
        [905, opened('l1', 'turn')],
        [
          950,
          {
            type: 'tool.called',
            lineId: 'l1',
            item: {
              kind: 'tool_call',
              itemId: 't',
              status: 'completed',
              toolCallId: 'c',
              name: 'find_room',
              arguments: '{}',
            },
            previousItemId: 'u1',
            runner: 'client',
          },
        ],
        [960, closed('l1', '')],
        [1500, opened('l2', 'tool', 2)],
        [1600, { type: 'line.first_audio', lineId: 'l2' }],
        [1900, closed('l2', 'Room 7.')],
      ),
    );
    expect(turns).toMatchObject([{ firstAudioMs: 1600, heardText: 'Room 7.' }]);
    expect(tools).toMatchObject([
      { name: 'find_room', arguments: '{}', atMs: 950, toolCallId: 'c', state: 'running' },
    ]);
  });

  test('a model without turns may answer before its turn is committed', () => {
    const { turns } = recordOf(
      header,
      log(
        [500, { type: 'speech.started', itemId: 'u1', audioStartMs: 0, detectedAtMs: 500 }],
        [1500, { type: 'speech.stopped', itemId: 'u1', audioEndMs: 1400 }],
        [1550, opened('l1', 'stream')],
        [1560, { type: 'line.first_audio', lineId: 'l1' }],
        [1700, committed('u1', 1200)],
      ),
    );
    expect(turns).toMatchObject([{ userEndMs: 1200, firstAudioMs: 1560 }]);
  });

  test('typed text opens an exchange without speech', () => {
    const { turns } = recordOf(
      header,
      log(
        [
          100,
          {
            type: 'item.added',
            previousItemId: null,
            item: {
              kind: 'message',
              role: 'user',
              itemId: 'u1',
              status: 'completed',
              content: [{ type: 'text', text: 'Hello' }],
            },
          },
        ],
        [110, opened('l1', 'client')],
        [200, { type: 'line.first_packet', lineId: 'l1' }],
      ),
    );
    expect(turns).toMatchObject([{ userEndMs: null, userText: 'Hello', firstPacketMs: 200 }]);
  });

  test('idle prompts, greetings and lines out of band answer nobody', () => {
    const { turns } = recordOf(
      header,
      log(
        [10, opened('greeting', 'client')],
        [20, { type: 'line.first_packet', lineId: 'greeting' }],
        [900, committed('u1', 400)],
        [910, opened('aside', 'client', null)],
        [920, { type: 'line.first_packet', lineId: 'aside' }],
        [930, opened('idle', 'idle')],
        [940, { type: 'line.first_packet', lineId: 'idle' }],
        [950, closed('idle', 'Are you there?')],
      ),
    );
    expect(turns).toMatchObject([{ firstPacketMs: null, heardText: null }]);
  });

  test('a backend that takes over after failures is a handover, from the first that failed', () => {
    const failed = (backend: string, code: 'backend_closed' | 'backend_refused'): LogEvent => ({
      type: 'backend.failed',
      backend,
      code,
      message: 'gone',
    });
    const record = recordOf(
      header,
      log(
        [0, { type: 'backend.opening', backend: 'a' }],
        [40, { type: 'backend.ready', backend: 'a', openMs: 40 }],
        [1_000, failed('a', 'backend_closed')],
        [1_000, { type: 'backend.opening', backend: 'b' }],
        [1_200, failed('b', 'backend_refused')],
        [1_200, { type: 'backend.opening', backend: 'c' }],
        [1_250, { type: 'backend.ready', backend: 'c', openMs: 50 }],
        // Opened once more, as its settings changed: nothing failed.
        [1_300, { type: 'backend.ready', backend: 'c', openMs: 10 }],
        [5_000, failed('c', 'backend_closed')],
      ),
    );
    expect(record.backend).toBe('c');
    expect(record.handovers).toEqual([{ from: 'a', to: 'c', cause: 'backend_closed', gapMs: 250 }]);
  });
});
