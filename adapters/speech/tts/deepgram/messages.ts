import { z } from 'zod';
import { CallError } from '../../../../src/ports/errors.ts';
import { withoutSecrets } from '../../../shared/secrets.ts';
import { parseObject, type WireHost } from '../shared/wire.ts';

const serverMessage = z.object({
  type: z.string(),
  code: z.string().nullish(),
  description: z.string().nullish(),
  audio_played_ms: z.number().nullish(),
  audio_duration_ms: z.number().nullish(),
  text_spoken: z.string().nullish(),
});

/** A text message of either protocol. */
export type ServerMessage = z.output<typeof serverMessage>;

/**
 * Reads a text message; what either protocol says in the same way is dealt with.
 *
 * @returns `null` where nothing is left to do
 * @throws CallError `backend_protocol` when it is malformed, `backend_refused` when it is an error
 */
export function readMessage(message: Buffer, host: WireHost): ServerMessage | null {
  const { counters, log, secret } = host;
  const parsed = serverMessage.safeParse(parseObject(message));
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new CallError('backend_protocol', `the voice sent a malformed message (${path})`);
  }
  const { code, description, type } = parsed.data;
  switch (type) {
    case 'Warning':
      counters.warnings += 1;
      log.warn('voice.warning', { code: withoutSecrets(code ?? '', secret) });
      return parsed.data;
    case 'Error': {
      const said = withoutSecrets(`${code ?? ''}: ${description ?? ''}`, secret);
      throw new CallError('backend_refused', `the voice said ${said}`);
    }
    case 'Metadata':
    case 'Connected':
    case 'SessionMetadata':
    case 'ConfigureSuccess':
      return null;
    default:
      return parsed.data;
  }
}
