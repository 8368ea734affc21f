import type { AgentDefinition } from '../ports/agent.ts';
import { placeOrderName } from '../tools/place-order.ts';
import type { BackendEntry } from './config.ts';

/** Model names that stock clients send by themselves; without a configuration they work as they are. */
export const stockModelNames = [
  'gpt-realtime-2.1',
  'gpt-realtime-2.1-mini',
  'gpt-realtime-2',
  'gpt-realtime-1.5',
  'gpt-realtime',
  'gpt-realtime-mini',
] as const;

/** Agent that answers when nobody is asked for and the configuration names no other. */
export const builtinDefaultAgent = 'barista';

/** Backends that are there without a configuration. One of the same name takes their place. */
export const builtinBackends: readonly BackendEntry[] = [
  { name: 'barista', type: 'onnx', options: { package: 'barista' } },
  { name: 'parrot', type: 'onnx', options: { package: 'parrot' } },
  { name: 'rehearsal', type: 'rehearsal', options: {} },
];

const detection = {
  kind: 'server_vad',
  threshold: 0.5,
  prefixPaddingMs: 300,
  silenceDurationMs: 500,
  createResponse: true,
  interruptResponse: true,
  idleTimeoutMs: null,
} as const satisfies AgentDefinition['turns']['detection'];

/** Agents that are there without a configuration. One of the same name takes their place. */
export const builtinAgents: readonly AgentDefinition[] = [
  { ...named('barista'), declaredTools: [{ kind: 'registered', name: placeOrderName }] },
  named('parrot'),
  named('rehearsal'),
];

function named(name: string): AgentDefinition {
  return {
    name,
    instructions: '',
    voice: null,
    backends: [name],
    aliases: [],
    turns: { authority: 'auto', detection },
    tools: [],
    playoutLeadMs: 200,
  };
}
