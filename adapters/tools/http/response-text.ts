import type { IncomingMessage } from 'node:http';
import { ToolError } from '../../../src/ports/tool.ts';

/** Media types whose bodies are text. */
const textual =
  /^(?:text\/|application\/(?:[\w.+-]*\+)?(?:json|xml|yaml)\b|application\/x-www-form)/i;

/**
 * The text of a response, read no further than its limit.
 *
 * @param limitChars most characters
 * @param whole a longer text is a fault; else it is cut
 * @throws ToolError when it is too long or no text
 */
export async function readText(
  response: IncomingMessage,
  limitChars: number,
  whole: boolean,
): Promise<string> {
  const type = response.headers['content-type'] ?? 'text/plain';
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (!textual.test(type) || encoding !== 'identity') {
    response.destroy();
    if (!whole) return '';
    throw new ToolError('its result is not text');
  }
  const decoder = new TextDecoder('utf-8');
  let text = '';
  for await (const piece of response) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    if (text.length <= limitChars) continue;
    response.destroy();
    if (!whole) return text.slice(0, limitChars);
    throw new ToolError(`its result is longer than ${limitChars} characters and was not kept`);
  }
  return text + decoder.decode();
}
