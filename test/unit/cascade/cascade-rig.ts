import {
  cascadeBackend,
  cascadeSettings,
  type CascadeSettings,
} from '../../../adapters/backends/cascade/index.ts';
import type { BackendPort } from '../../../src/ports/backend.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { contextFor } from '../../contract/backend-context.ts';
import { SessionProbe, type PassTime } from '../../contract/session-probe.ts';
import {
  ScriptedListener,
  ScriptedModel,
  ScriptedVoice,
  type ScriptedVoiceOptions,
} from './scripted-parts.ts';

export interface CascadeRigOptions {
  readonly clock?: ManualClock;
  readonly stt?: ScriptedListener;
  readonly llm?: ScriptedModel;
  readonly voice?: ScriptedVoiceOptions;
  readonly options?: Partial<Record<keyof CascadeSettings, unknown>>;
  readonly settings?: Partial<CallSettings>;
  readonly seed?: readonly ConversationItem[];
}

/** A cascade of scripted parts on a manual clock. */
export interface CascadeRig {
  readonly clock: ManualClock;
  readonly backend: BackendPort;
  readonly stt: ScriptedListener;
  readonly llm: ScriptedModel;
  readonly tts: ScriptedVoice;
  readonly pass: PassTime;
}

/** Lets everything happen that waits for nothing but its turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function cascadeRig({
  clock = new ManualClock(),
  stt = new ScriptedListener(clock),
  llm = new ScriptedModel(clock),
  voice = {},
  options = {},
}: CascadeRigOptions = {}): CascadeRig {
  const tts = new ScriptedVoice(clock, voice);
  const settings = cascadeSettings.parse(options);
  const backend = cascadeBackend('cascade', settings, { stt, llm, tts }, { chance: () => 0.5 });
  const pass = async (ms: number): Promise<void> => {
    await settle();
    for (let passedMs = 0; passedMs < ms; passedMs += 10) {
      clock.advance(Math.min(10, ms - passedMs));
      await settle();
    }
  };
  return { clock, backend, stt, llm, tts, pass };
}

/** A call's session with it. */
export interface CascadeCall extends CascadeRig {
  readonly probe: SessionProbe;
  /** The caller has said this, as far as the recogniser knows, and the turn is committed. */
  readonly commit: (itemId: string, text?: string, silence?: boolean) => Promise<void>;
  /** What the model was shown by its newest request, a line each. */
  readonly shown: () => readonly string[];
  readonly figure: (name: string) => number;
}

export async function cascadeCall(options: CascadeRigOptions = {}): Promise<CascadeCall> {
  const rig = cascadeRig(options);
  const context = contextFor(rig.backend, rig.clock, { settings: options.settings ?? {} });
  const seed =
    options.seed === undefined
      ? null
      : {
          version: 1 as const,
          callId: 'call_0',
          agent: 'test',
          instructions: '',
          voice: null,
          tools: [],
          items: options.seed,
          ledger: [],
          turn: { speakingFromSample: null, uplinkSamples: 0 },
          unanswered: null,
        };
  const session = await rig.backend.open({ ...context, seed }, new AbortController().signal);
  const probe = new SessionProbe(session, context, rig.pass).read();
  return {
    ...rig,
    probe,
    commit: async (itemId, text, silence = false) => {
      if (text !== undefined) rig.stt.latest.partial(text);
      await rig.pass(0);
      const silent = silence ? { silence: true as const } : {};
      session.send({ type: 'commit', itemId, fromSample: 0, toSample: 4800, ...silent });
    },
    shown: () =>
      (rig.llm.requests.at(-1)?.messages ?? []).map((message) => {
        switch (message.role) {
          case 'assistant.tools':
            return `calls: ${message.text}${message.calls.map(({ name }) => `<${name}>`).join('')}`;
          case 'tool':
            return `tool: ${message.output}`;
          case 'system':
          case 'user':
          case 'assistant':
            return `${message.role}: ${message.text}`;
        }
      }),
    figure: (name) => rig.backend.figures()[name] ?? NaN,
  };
}
