import type { ToolPort } from '../ports/tool.ts';

/** The same tool, run in another way. */
export function withRun(tool: ToolPort, run: ToolPort['run']): ToolPort {
  const { definition, deadlineMs, manner } = tool;
  return { definition, deadlineMs, ...(manner === undefined ? {} : { manner }), run };
}
