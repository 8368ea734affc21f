import { rehearsedLlm, rehearsedLlmOptions } from '../../adapters/speech/llm/rehearsed/index.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import type { ChatFault, ChatRule } from '../upstream/llm/options.ts';
import { ChatRig } from '../upstream/llm/rig.ts';
import { passTime } from '../upstream/pass-time.ts';
import { describeLlmContract, scripted, type ModelFault } from './llm-contract.ts';

const rule: ChatRule = ({ messages, tools }) => {
  const last = messages.at(-1);
  if (last?.role === 'tool') return { text: scripted.told(last.content) };
  const [name] = tools;
  if (name === undefined || last?.content !== scripted.callWords) return { text: scripted.counted };
  return { calls: [{ name, arguments: JSON.stringify(scripted.toolArguments) }] };
};

function faultOf(fault: ModelFault): ChatFault {
  switch (fault) {
    case 'refuse':
      return { kind: 'refuse', status: 500, body: { error: { message: 'out of memory' } } };
    case 'hang':
      return { kind: 'hang' };
    case 'cut':
      return { kind: 'cut', tokens: 3 };
  }
}

describeLlmContract('openai-compatible', {
  faults: ['refuse', 'hang', 'cut'],
  setUp: async ({ pace, fault }) => {
    const rig = await ChatRig.start(
      {
        answer: rule,
        firstTokenMs: { p50: 100, p95: 200 },
        tokenMs: pace === 'slow' ? { p50: 100, p95: 120 } : 0,
        fault: fault === null ? null : faultOf(fault),
      },
      { warmPrefix: true },
    );
    const { server } = rig;
    return {
      port: rig.port,
      pass: rig.pass,
      upstream: {
        working: () => server.stats.active,
        aborted: () => server.stats.aborted,
        total: () => server.stats.requests.length,
        connections: () => server.connections,
      },
      close: () => rig.close(),
    };
  },
});

describeLlmContract('rehearsed', {
  faults: [],
  setUp: ({ pace }) => {
    const clock = new ManualClock();
    const options = rehearsedLlmOptions.parse({
      replies: [
        { after: scripted.tool, say: scripted.told('{output}') },
        {
          hears: '^please look',
          call: { name: scripted.tool, arguments: scripted.toolArguments },
        },
      ],
      fallback: scripted.counted,
      tokensPerSecond: pace === 'slow' ? 10 : 1000,
    });
    const port = rehearsedLlm(options, { clock });
    return Promise.resolve({
      port,
      pass: passTime(clock),
      upstream: null,
      close: () => port.close(),
    });
  },
});
