import { z } from 'zod';
import { withoutSecrets } from '../../../shared/secrets.ts';
import type { WireEvent } from '../shared/dialect.ts';
import { malformed, parseObject, timedWords } from '../shared/words.ts';

const transcription = z.object({
  transcript: z.string(),
  is_final: z.boolean().optional(),
  from_finalize: z.boolean().optional(),
  words: z
    .array(
      z.object({
        word: z.string(),
        start: z.number().optional(),
        end: z.number().optional(),
        confidence: z.number().optional(),
      }),
    )
    .nullish(),
});
const errorShape = z.object({
  code: z.union([z.string(), z.number()]).optional(),
  error: z.unknown(),
});

/**
 * Reads one message of Pulse.
 *
 * @param secret is cut out of any text that is repeated
 * @throws CallError `backend_protocol` when it is malformed; the message quotes nothing of it
 */
export function decodePulse(message: Buffer, secret: string | null): readonly WireEvent[] {
  const raw = parseObject(message);
  // Older servers send transcriptions without a type.
  const type: unknown =
    raw['type'] ?? (typeof raw['transcript'] === 'string' ? 'transcription' : undefined);
  switch (type) {
    case 'transcription':
      return transcribed(raw);
    case 'speech_started':
      return [{ type: 'speech' }];
    case 'speech_ended':
      return [{ type: 'passed', known: true }];
    case 'error': {
      // What follows from it is told by a close, if anything.
      const { code, error } = errorShape.parse(raw);
      const name = code ?? (typeof error === 'string' ? error : 'unknown_error');
      return [{ type: 'warning', code: withoutSecrets(String(name), secret) }];
    }
    default:
      if (typeof type !== 'string') throw malformed('message', ['type']);
      return [{ type: 'passed', known: false }];
  }
}

function transcribed(raw: Readonly<Record<string, unknown>>): readonly WireEvent[] {
  const parsed = transcription.safeParse(raw);
  if (!parsed.success) throw malformed('transcription', parsed.error.issues[0]?.path ?? []);
  const { transcript: text, is_final: settled = false, from_finalize } = parsed.data;
  const wire = parsed.data.words ?? [];
  const words = wire.length === 0 ? null : timedWords(wire);
  const events: WireEvent[] = [];
  if (text !== '' || settled) {
    const startMs = words?.[0]?.startMs ?? null;
    const endMs = words?.at(-1)?.endMs ?? null;
    events.push({ type: 'segment', key: null, text, words, startMs, endMs, settled });
  }
  if (from_finalize === true) events.push({ type: 'flushed', untilMs: null });
  return events;
}
