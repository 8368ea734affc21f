import type { ResponsesUpdate, WireDelegation } from '../../../protocol/openai-live/delegation.ts';
import type { SessionConfig, SessionResource } from '../../../protocol/openai-live/session.ts';
import type { InitialItem, WireAudioFormat } from '../../../protocol/openai-live/values.ts';
import { pcm24k, pcma8k, pcmu8k, type AudioFormat } from '../../../src/audio/format.ts';
import type { CallControl, NewItem } from '../../../src/ports/client.ts';
import type { CallSettings, ToolDefinition } from '../../../src/ports/settings.ts';
import { Refused, unsupported } from './problems.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Patch = Writable<Partial<CallSettings>>;

/** Something that is in force other than it was asked for, told as an `info`. */
export interface Substitution {
  readonly code: string;
  readonly message: string;
}

/** A session that was asked for, as far as the gateway can have it. */
export interface Start {
  readonly patch: Partial<CallSettings>;
  readonly items: readonly NewItem[];
  readonly delegation: WireDelegation;
  readonly substitutions: readonly Substitution[];
}

/** The tool by which a model hands work to the app: it has no arguments. */
export const delegateTool: ToolDefinition = {
  name: 'delegate_to_application',
  description:
    'Hands the caller’s present request to the application, which knows the conversation and ' +
    'answers later. Use it for whatever you cannot do or do not know yourself.',
  parameters: { type: 'object', properties: {}, additionalProperties: false },
};

/** Names that stock clients ask for and that belong to no backend in particular. */
const builtInVoices: ReadonlySet<string> = new Set(
  (
    'alloy ash ballad beacon bossa brise cedar cinder coral delta echo flitz gleam harema juni ' +
    'marin meridian nira noeul nuri quartz ripple sage shida shimmer shitan sillage stone tempo verse ' +
    'vesper willow'
  ).split(' '),
);

/** What is refused whoever answers. @throws Refused */
export function checkConfig(config: SessionConfig): void {
  if (config.store === true) throw unsupported('session.store', 'Storing sessions');
  if ((config.triggers?.length ?? 0) > 0) throw unsupported('session.triggers', 'Triggers');
  if (config.client !== undefined) {
    throw unsupported('session.client', 'A data channel (there is none on a WebSocket)');
  }
  if (config.delegation?.type === 'decisions') {
    throw unsupported('session.delegation.type', 'Delegation to Decisions');
  }
}

/** What a start asks of a call. @throws Refused for what cannot be had with this backend */
export function readStart(config: SessionConfig, call: CallControl): Start {
  const { capabilities } = call;
  const delegation = config.delegation ?? { type: 'client' };
  const patch: Patch = {};
  const substitutions: Substitution[] = [];
  const format = readFormat(config.audio?.format);
  patch.inputFormat = format;
  patch.outputFormat = format;
  patch.modality = 'audio';
  patch.callerTranscripts = capabilities.transcripts.caller;
  const instructions = [config.instructions ?? ''];
  readVoice(config, call, { patch, substitutions });
  if (delegation.type === 'responses') {
    Object.assign(patch, readResponses(delegation.responses, call));
    instructions.push(delegation.responses.instructions ?? '');
    substitutions.push({
      code: 'model_substituted',
      message: `Delegated work is done by the model of agent '${call.agent}'.`,
    });
  } else if (capabilities.tools === 'none') {
    substitutions.push({
      code: 'delegation_unavailable',
      message: 'The model behind this session calls no tools, so it delegates nothing.',
    });
  } else {
    patch.tools = [delegateTool];
  }
  const words = instructions.filter((text) => text.trim() !== '').join('\n\n');
  // Blank means the agent's own.
  if (words !== '') patch.instructions = words;
  if ((config.input?.length ?? 0) > 0 && !capabilities.appendContext) {
    throw unsupported('session.input', 'A history to start with');
  }
  return {
    patch,
    items: (config.input ?? []).map(readItem),
    delegation: delegationInForce(delegation, call, substitutions),
    substitutions,
  };
}

/** Backend settings as settings of the call. @throws Refused for what the model here has not */
export function readResponses(
  settings: ResponsesUpdate,
  { capabilities }: CallControl,
): Partial<CallSettings> {
  const at = (name: string): string => `session.delegation.responses.${name}`;
  for (const name of ['parallel_tool_calls', 'reasoning', 'service_tier', 'text'] as const) {
    if ((settings[name] ?? null) !== null) throw unsupported(at(name), `'${name}'`);
  }
  if (capabilities.tools === 'none') throw unsupported('session.delegation.type', 'Delegation');
  const patch: Patch = {};
  if (settings.tools !== undefined) {
    patch.tools = settings.tools.map((tool, index): ToolDefinition => {
      if (!isFunction(tool)) throw unsupported(at(`tools[${index}].type`), `A tool '${tool.type}'`);
      const { name, description = null, parameters = null } = tool;
      return { name, description, parameters };
    });
  }
  const choice = settings.tool_choice;
  if (typeof choice === 'string') patch.toolChoice = { mode: choice };
  else if (choice !== undefined) {
    if (!('name' in choice) || typeof choice.name !== 'string' || choice.type !== 'function') {
      throw unsupported(at('tool_choice'), 'The choice of a hosted tool');
    }
    patch.toolChoice = { mode: 'tool', name: choice.name };
  }
  if (settings.max_output_tokens !== undefined) {
    patch.maxOutputTokens = settings.max_output_tokens ?? 'inf';
  }
  return patch;
}

type WireTool = NonNullable<ResponsesUpdate['tools']>[number];
type FunctionTool = Extract<WireTool, { type: 'function' }>;

function isFunction(tool: WireTool): tool is FunctionTool {
  return tool.type === 'function';
}

/** What is in force: the agent's own model does the work, whichever was asked for. */
function delegationInForce(
  delegation: WireDelegation,
  call: CallControl,
  substitutions: Substitution[],
): WireDelegation {
  const { acknowledgement_delay_ms: wishMs = 0, ...asked } = delegation;
  const delay = delayInForce(delegation.type, wishMs, call);
  if ((delay.acknowledgement_delay_ms ?? 0) !== wishMs) {
    substitutions.push({
      code: 'acknowledgement_substituted',
      message: 'Delegated work is acknowledged by the model in its own time.',
    });
  }
  if (asked.type !== 'responses') return { ...asked, ...delay };
  const responses = { ...responsesInForce(asked.responses), model: call.agent };
  return { ...asked, ...delay, responses };
}

/** After which time delegated work is acknowledged: only where it is this gateway that sees to it. */
export function delayInForce(
  type: WireDelegation['type'],
  wishMs: number,
  { capabilities }: CallControl,
): { readonly acknowledgement_delay_ms?: number } {
  if (type !== 'client') return {};
  return { acknowledgement_delay_ms: capabilities.notes === true ? 0 : wishMs };
}

/** Settings of the backend that work is delegated to, as they hold: no schema is enforced. */
export function responsesInForce<Settings extends ResponsesUpdate>(settings: Settings): Settings {
  if (settings.tools === undefined) return settings;
  const tools = settings.tools.map((tool) =>
    isFunction(tool) ? { ...tool, strict: false } : tool,
  );
  return { ...settings, tools };
}

function readVoice(
  { audio }: SessionConfig,
  { capabilities: { voices } }: CallControl,
  into: { readonly patch: Patch; readonly substitutions: Substitution[] },
): void {
  const wanted = audio?.output?.voice;
  if (wanted === undefined) return;
  const name = typeof wanted === 'string' ? wanted : wanted.id;
  if (voices === 'any' || voices?.includes(name) === true) {
    into.patch.voice = name;
    return;
  }
  if (typeof wanted !== 'string' || !builtInVoices.has(name)) {
    throw new Refused('invalid_value', 'There is no such voice.', 'session.audio.output.voice');
  }
  into.substitutions.push({
    code: 'voice_substituted',
    message: `The backend has no voice '${name}'; its own is used.`,
  });
}

function readFormat(format: WireAudioFormat | undefined): AudioFormat {
  switch (format?.type) {
    case undefined:
      return pcm24k;
    case 'audio/pcm':
      return { codec: 'pcm16', rateHz: format.rate };
    case 'audio/pcmu':
      return pcmu8k;
    case 'audio/pcma':
      return pcma8k;
  }
}

function writeFormat({ codec, rateHz }: AudioFormat): WireAudioFormat {
  if (codec === 'pcmu') return { type: 'audio/pcmu', rate: 8_000 };
  if (codec === 'pcma') return { type: 'audio/pcma', rate: 8_000 };
  return { type: 'audio/pcm', rate: rateHz === 16_000 ? 16_000 : 24_000 };
}

function readItem({ role, content, id }: InitialItem): NewItem {
  return {
    kind: 'message',
    role: role === 'developer' ? 'system' : role,
    content: content.map(({ text }) => ({ type: 'text', text })),
    itemId: id ?? null,
  };
}

/** The session as it stands on the wire. */
export function writeSession(
  settings: CallSettings,
  is: {
    readonly id: string;
    readonly model: string;
    readonly expiresAtS: number;
    readonly delegation: WireDelegation;
    readonly input: readonly InitialItem[];
  },
): SessionResource {
  return {
    id: is.id,
    model: is.model,
    expires_at: is.expiresAtS,
    status: 'active',
    instructions: settings.instructions,
    audio: {
      format: writeFormat(settings.outputFormat),
      output: settings.voice === null ? {} : { voice: settings.voice },
    },
    delegation: is.delegation,
    input: is.input,
    store: false,
    triggers: [],
  };
}
