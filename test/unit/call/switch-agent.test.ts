import { afterEach, beforeAll, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { builtInTool } from '../../../src/tools/built-in.ts';
import type { BackendCommand } from '../../../src/ports/backend.ts';
import type { AgentDefinition } from '../../../src/ports/agent.ts';
import { defaultToolManner } from '../../../src/ports/tool.ts';
import type { GateCheckPort, GateDefinition } from '../../../src/ports/gate.ts';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  plainAgent,
  plainDetection,
  settle,
  text,
} from '../../support/call-harness.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';

const declared = {
  kind: 'builtin',
  builtin: 'switch_agent',
  description: null,
  choices: null,
  deadlineMs: 5_000,
  maxConcurrent: 10,
  manner: defaultToolManner,
} as const;
const tools = [builtInTool(declared)];
const gate: GateDefinition = {
  holdBackMs: 200,
  onLateText: 'hold',
  rules: [{ kind: 'phrases', name: 'promise', phrases: ['guarantee a refund'] }],
  disclosure: null,
  onHit: 'drop',
  replacement: null,
  handoverTo: 'operator',
  check: null,
};
const capabilities = {
  ...turnCapabilities,
  verbatim: true,
  transcripts: { ...turnCapabilities.transcripts, wordTimes: false, paired: true },
};

beforeAll(prepareResampler);

let harness: CallHarness;
afterEach(() => harness.end());

/** A call that has gone over to another agent. */
async function switched(
  from: Partial<AgentDefinition>,
  to: Partial<AgentDefinition>,
  gateCheck: GateCheckPort | null = null,
  client: () => void = () => undefined,
): Promise<void> {
  harness = new CallHarness({
    backends: [new ScriptedBackend({ capabilities })],
    agent: { ...plainAgent, declaredTools: [declared], ...from },
    tools,
    otherAgent: (name) => {
      const agent = { ...plainAgent, ...to, name };
      return { agent, tools: [], toolSet: null, gateCheck };
    },
  });
  await settle();
  client();
  harness.ok(ask);
  const { lineId } = nextRespond();
  session().emit({
    type: 'tool.called',
    lineId,
    toolCallId: 'call_a',
    name: 'switch_agent',
    arguments: JSON.stringify({ agent: 'sales' }),
  });
  session().emit(done(lineId));
  await harness.pass(200);
  expect(harness.call.agent).toBe('sales');
  await harness.pass(2_000);
}

const session = (): ScriptedBackend['session'] => harness.backends[0]!.session;
const nextRespond = (): BackendCommand & { type: 'respond' } => {
  const command = session()
    .takeAll()
    .find(({ type }) => type === 'respond');
  if (command?.type !== 'respond') throw new Error('no answer was asked for');
  return command;
};
const hits = (): readonly object[] =>
  harness.call.entries.filter(({ type }) => type === 'gate.hit');

/** The answer that was asked for after the tool, or another. */
function answering(words: string): string {
  const { lineId } = nextRespond();
  session().emit(text(lineId, words), audio(lineId, answer(600)), done(lineId));
  return lineId;
}

it('goes by the other agent’s gate from then on', async () => {
  await switched({}, { gate });
  const lineId = answering('I guarantee a refund.');
  await harness.pass(1_000);
  expect(hits()).toHaveLength(1);
  expect(harness.view.sentMs(lineId)).toBeLessThanOrEqual(60);
});

it('has no gate where the other agent has none', async () => {
  await switched({ gate }, {});
  const lineId = answering('I guarantee a refund.');
  await harness.pass(1_000);
  expect(hits()).toEqual([]);
  expect(harness.view.sentMs(lineId)).toBe(600);
});

it('asks who the other agent has asked', async () => {
  const asked: string[] = [];
  const check = { url: 'http://x/', deadlineMs: 100, onFail: 'open', bearerEnv: null } as const;
  const port: GateCheckPort = {
    ask: (question) => {
      asked.push(`${question.agent}: ${question.text}`);
      return Promise.resolve(false);
    },
  };
  await switched({}, { gate: { ...gate, rules: [], check } }, port);
  answering('Anything.');
  await harness.pass(200);
  expect(asked).toEqual(['sales: Anything.']);
  expect(hits()).toHaveLength(1);
});

it('says the other agent’s disclosure', async () => {
  const disclosure = 'This call is recorded.';
  await switched({}, { gate: { ...gate, disclosure } });
  answering('Hello.');
  await harness.pass(400);
  session().next('cancel');
  expect(
    session()
      .takeAll()
      .find(({ type }) => type === 'respond'),
  ).toMatchObject({
    words: disclosure,
  });
});

const detection = { ...plainDetection, silenceDurationMs: 1_234 };
const turns = { authority: 'auto', detection, manner: { minResponseDelayMs: 700 } } as const;

it('takes its turns as the other agent does', async () => {
  await switched({}, { turns });
  expect(harness.call.settings.turnDetection).toEqual(detection);
});

it('keeps the turns that the client has asked for', async () => {
  const own = { ...plainDetection, silenceDurationMs: 999 };
  await switched({}, { turns }, null, () => {
    harness.ok({ type: 'configure', patch: { turnDetection: own } });
  });
  expect(harness.call.settings.turnDetection).toEqual(own);
});
