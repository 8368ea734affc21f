export { httpTool, type HttpToolSurroundings } from './http-tool.ts';
