import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { CallError } from '../../../src/ports/errors.ts';
import type { GateCheck, GateCheckPort } from '../../../src/ports/gate.ts';
import { guardedRequest } from '../../shared/guarded-http.ts';

/** What a checker answers. What else it says is ignored. */
const verdictSchema = z.looseObject({ allow: z.boolean() });

/** Longest answer that is read, bytes. */
const answerLimitBytes = 64 * 1024;

interface HttpCheckSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Asks over HTTP: POSTs the question as JSON and takes `{"allow": true}` or `{"allow": false}` of a
 * status 2xx for the verdict. Everything else is none. Each question is one request, ended by its
 * signal.
 */
export function httpCheck(check: GateCheck, { env }: HttpCheckSurroundings): GateCheckPort {
  const url = new URL(check.url);
  return {
    async ask(question, signal) {
      const token = check.bearerEnv === null ? undefined : env[check.bearerEnv]?.trim();
      if (check.bearerEnv !== null && (token === undefined || token === '')) throw noVerdict();
      const body = JSON.stringify(question);
      const response = await guardedRequest({
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body,
        // The operator names it; a checker usually runs next door.
        allowPrivateAddresses: true,
        signal,
      });
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299) {
        response.destroy();
        throw noVerdict();
      }
      const verdict = verdictSchema.safeParse(json(await textOf(response)));
      if (!verdict.success) throw noVerdict();
      return verdict.data.allow;
    },
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    lengthBytes += chunk.byteLength;
    if (lengthBytes > answerLimitBytes) {
      response.destroy();
      throw noVerdict();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function noVerdict(): CallError {
  return new CallError('tool_failed', 'the check gave no verdict');
}
