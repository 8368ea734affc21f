import { describe, expect, it } from 'vitest';
import { answer, plainLine } from '../../support/call-harness.ts';
import { Conversation } from '../../../src/call/conversation.ts';
import { LineTrack } from '../../../src/call/line-track.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { PlayoutClock } from '../../../src/call/playout.ts';
import type { MessageItem } from '../../../src/ports/conversation.ts';

const at = { nowMs: 0, roundTripMs: 0 };

function message(itemId: string): MessageItem {
  return {
    kind: 'message',
    itemId,
    role: 'user',
    status: 'completed',
    content: [{ type: 'text', text: itemId }],
  };
}

function aLine(itemId: string): LineTrack {
  return new LineTrack(plainLine({ itemId }), pcm24k, new PlayoutClock(24_000), 0);
}

function ids(conversation: Conversation): readonly string[] {
  return conversation.items(at).map(({ itemId }) => itemId);
}

function codeOf(act: () => unknown): unknown {
  try {
    act();
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
  }
  return null;
}

describe('conversation', () => {
  it('adds at the end, at the front and after an item, and says what comes before', () => {
    const conversation = new Conversation();
    expect(conversation.lastItemId).toBeNull();
    expect(conversation.add(message('b'), null)).toBeNull();
    expect(conversation.add(message('d'), null)).toBe('b');
    expect(conversation.add(message('a'), 'root')).toBeNull();
    expect(conversation.add(message('c'), 'b')).toBe('b');
    expect(ids(conversation)).toEqual(['a', 'b', 'c', 'd']);
    expect(conversation.lastItemId).toBe('d');
  });

  it('refuses an id twice and a place that does not exist', () => {
    const conversation = new Conversation();
    conversation.add(message('a'), null);
    expect(codeOf(() => conversation.add(message('a'), null))).toBe('item_exists');
    expect(codeOf(() => conversation.add(message('b'), 'nowhere'))).toBe('item_not_found');
    expect(ids(conversation)).toEqual(['a']);
  });

  it('deletes an item once', () => {
    const conversation = new Conversation();
    conversation.add(message('a'), null);
    expect(conversation.delete('a')).toBe(true);
    expect(conversation.delete('a')).toBe(false);
    expect(conversation.has('a')).toBe(false);
    expect(conversation.item('a', at)).toBeUndefined();
  });

  it('forgets the oldest of more than 2,000 items and counts them', () => {
    const conversation = new Conversation();
    for (let count = 0; count < 2003; count += 1) conversation.add(message(`m${count}`), null);
    expect(conversation.length).toBe(2000);
    expect(conversation.forgotten).toBe(3);
    expect(ids(conversation)[0]).toBe('m3');
  });

  it('says of an agent line what was heard of it by then', () => {
    const conversation = new Conversation();
    const line = aLine('spoken');
    conversation.addLine(line);
    expect(line.placed).toBe(true);
    line.text.append('aaaa bbbb', null);
    line.generatedSamples = 24_000;
    line.sent(answer(1000), 0);
    expect(conversation.item('spoken', { nowMs: 560, roundTripMs: 0 })).toEqual({
      kind: 'message',
      itemId: 'spoken',
      role: 'assistant',
      status: 'in_progress',
      content: [{ type: 'audio', transcript: 'aaaa', durationMs: 500 }],
    });
    line.closed = true;
    expect(conversation.item('spoken', at)?.status).toBe('incomplete');
    line.completed = true;
    expect(conversation.item('spoken', { nowMs: 5000, roundTripMs: 0 })).toMatchObject({
      status: 'completed',
      content: [{ type: 'audio', transcript: 'aaaa bbbb', durationMs: 1000 }],
    });
    expect(conversation.line('spoken')).toBe(line);
  });

  it('has no line behind an item of the client', () => {
    const conversation = new Conversation();
    conversation.add(message('a'), null);
    expect(conversation.line('a')).toBeUndefined();
  });

  it('puts a transcript on audio of the caller and on nothing else', () => {
    const conversation = new Conversation();
    conversation.add(
      {
        ...message('voice'),
        content: [
          { type: 'audio', transcript: null, durationMs: 900 },
          { type: 'text', text: 'typed' },
        ],
      },
      null,
    );
    conversation.transcribe('voice', 'good morning');
    conversation.transcribe('gone', 'good night');
    expect(conversation.item('voice', at)).toMatchObject({
      content: [
        { type: 'audio', transcript: 'good morning', durationMs: 900 },
        { type: 'text', text: 'typed' },
      ],
    });
  });

  it('keeps a shown id from being taken until its item comes or is given up', () => {
    const conversation = new Conversation();
    conversation.reserve('coming');
    conversation.reserve('given up');
    expect(conversation.taken('coming')).toBe(true);
    expect(conversation.has('coming')).toBe(false);
    conversation.release('given up');
    expect(conversation.taken('given up')).toBe(false);
    conversation.addLine(aLine('coming'));
    expect(conversation.has('coming')).toBe(true);
    conversation.delete('coming');
    expect(conversation.taken('coming')).toBe(false);
  });
});
