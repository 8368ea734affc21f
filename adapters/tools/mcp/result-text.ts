import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { ToolError } from '../../../src/ports/tool.ts';
import { withoutSecrets } from '../../shared/secrets.ts';

/**
 * What a server's result says in words. Pictures and sounds are named and not passed on.
 *
 * @throws ToolError when the server says that the tool failed
 */
export function resultText({ content, structuredContent, isError }: CallToolResult): string {
  const said = content.map(partText).join('\n').trim();
  if (isError === true) throw new ToolError(withoutSecrets(said, null) || 'it gave no reason');
  const hasText = content.some(({ type }) => type === 'text' || type === 'resource');
  if (structuredContent !== undefined && !hasText) return JSON.stringify(structuredContent);
  return said === '' ? 'done' : said;
}

function partText(part: CallToolResult['content'][number]): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'resource':
      return 'text' in part.resource ? part.resource.text : `(a file: ${part.resource.uri})`;
    case 'resource_link':
      return `(a link: ${part.name}, ${part.uri})`;
    case 'image':
      return '(an image that cannot be shown here)';
    case 'audio':
      return '(a sound that cannot be played here)';
  }
}
