import { RealtimeAgent, tool } from '@openai/agents-realtime';
import { z } from 'zod';

/** An agent of the SDK without anything: what an app has that only talks. */
export function plainAgent(): RealtimeAgent {
  return new RealtimeAgent({ name: 'plain', instructions: 'Answer in one sentence.' });
}

/** An agent of the SDK with a tool that the SDK runs by itself. */
export function tableAgent(): RealtimeAgent {
  const countTables = tool({
    name: 'count_tables',
    description: 'Counts the free tables.',
    parameters: z.object({ seats: z.number() }),
    execute: ({ seats }) => String(seats + 1),
  });
  return new RealtimeAgent({ name: 'tables', instructions: 'Use the tool.', tools: [countTables] });
}
