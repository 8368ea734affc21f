import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

/** An MCP server on standard input and output whose list of tools changes, and which can die. */
const server = new McpServer({ name: 'stand-in', version: '1' });
const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });

server.registerTool('find.room', { inputSchema: { beds: z.number() } }, ({ beds }) =>
  said(`room for ${beds}`),
);
server.registerTool('find_room', {}, () => said('the other one'));
server.registerTool('fail', {}, () => ({ ...said('no rooms at all'), isError: true }));
server.registerTool('environment', {}, () => said(Object.keys(process.env).join(' ')));
server.registerTool('grow', {}, () => {
  server.registerTool('grown', {}, () => said('I was not here before'));
  return said('there is one more');
});
server.registerTool('die', {}, () => process.exit(3));

await server.connect(new StdioServerTransport());
