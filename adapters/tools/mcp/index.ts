export { McpSource } from './mcp-source.ts';
