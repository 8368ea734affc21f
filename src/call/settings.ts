import { CallError } from '../ports/errors.ts';
import { pcm16k, pcm24k, pcma8k, pcmu8k, sameFormat, type AudioFormat } from '../audio/format.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { BackendCapabilities, TurnAuthority } from '../ports/backend.ts';
import type { CallSettings, TurnDetection } from '../ports/settings.ts';

/** What clients may speak, each direction for itself. Backends that do not are converted for. */
const clientFormats: readonly AudioFormat[] = [pcm24k, pcm16k, pcmu8k, pcma8k];

/** What settings are checked against. */
export interface SettingsContext {
  readonly backend: string;
  readonly capabilities: BackendCapabilities;
  readonly authority: TurnAuthority;
  /** Audio has been heard: the voice can't change any more. */
  readonly voiceLocked: boolean;
  /** Audio has gone this way in the call: its format can't change any more. */
  readonly formatLocked: { readonly input: boolean; readonly output: boolean };
}

/** What decides which values have an effect. */
type InForce = Pick<SettingsContext, 'capabilities' | 'authority'>;

export type ResolvedSettings =
  | { readonly ok: true; readonly settings: CallSettings }
  | { readonly ok: false; readonly error: CallError };

/** Who decides about turns for this agent on this backend. */
export function authorityFor(
  wanted: AgentDefinition['turns']['authority'],
  { authorities }: BackendCapabilities,
): TurnAuthority {
  if (wanted !== 'auto' && authorities.includes(wanted)) return wanted;
  return authorities.includes('gateway') ? 'gateway' : (authorities[0] ?? 'backend');
}

/** What a call of this agent starts with. */
export function initialSettings(agent: AgentDefinition, context: InForce): CallSettings {
  const { capabilities } = context;
  const voices = capabilities.voices;
  const voiceFits = Array.isArray(voices) ? voices.includes(agent.voice) : voices === 'any';
  return inForce(
    {
      instructions: agent.instructions,
      voice: voiceFits ? agent.voice : firstVoice(capabilities),
      modality: capabilities.modalities[0] ?? 'audio',
      inputFormat: pcm24k,
      outputFormat: pcm24k,
      turnDetection: agent.turns.detection,
      callerTranscripts: capabilities.transcripts.caller,
      tools: [],
      toolChoice: { mode: 'auto' },
      maxOutputTokens: 'inf',
    },
    context,
  );
}

/**
 * Settings after a client's wish: honoured, put to the value really in force where the wish has no
 * effect on this backend (instructions it does not follow, transcripts it does not give, the only
 * voice it has), or refused as a whole where an app would rely on what cannot be.
 */
export function resolveSettings(
  current: CallSettings,
  patch: Partial<CallSettings>,
  context: SettingsContext,
): ResolvedSettings {
  const wanted = { ...current, ...patch };
  const error = refusal(current, wanted, context);
  return error === null ? { ok: true, settings: inForce(wanted, context) } : { ok: false, error };
}

/** Makes the values that have no effect show what is in force. */
function inForce(settings: CallSettings, { capabilities, authority }: InForce): CallSettings {
  return {
    ...settings,
    instructions: capabilities.instructions ? settings.instructions : '',
    voice: capabilities.voices === null ? null : settings.voice,
    callerTranscripts: settings.callerTranscripts && capabilities.transcripts.caller,
    turnDetection: detectionInForce(settings.turnDetection, { capabilities, authority }),
  };
}

/** Who answers and stops by itself does so whatever the client would like. */
function detectionInForce(
  detection: TurnDetection,
  { capabilities, authority }: InForce,
): TurnDetection {
  const byItself =
    authority === 'model' || capabilities.rigid?.always.includes('turnDetection') === true;
  if (detection === null || !byItself) return detection;
  const always = { createResponse: true, interruptResponse: true };
  return detection.kind === 'server_vad'
    ? { ...detection, ...always, idleTimeoutMs: null }
    : { ...detection, ...always };
}

function refusal(
  current: CallSettings,
  wanted: CallSettings,
  { backend, capabilities, authority, voiceLocked, formatLocked }: SettingsContext,
): CallError | null {
  const unsupported = (param: string, what: string): CallError =>
    new CallError('unsupported_by_backend', `Backend ${backend} ${what}.`, { param });
  if (!capabilities.modalities.includes(wanted.modality)) {
    return unsupported('modality', `does not answer in ${wanted.modality}`);
  }
  if (capabilities.tools === 'none' && wanted.tools.length > 0) {
    return unsupported('tools', 'cannot call tools');
  }
  const { mostTools } = capabilities.rigid ?? {};
  if (mostTools !== undefined && wanted.tools.length > mostTools) {
    return unsupported('tools', `takes no more than ${mostTools} of them`);
  }
  if (capabilities.toolServers !== true && (wanted.toolServers ?? []).length > 0) {
    return unsupported('tools', 'runs no tools of MCP servers');
  }
  if (
    capabilities.tools === 'none' &&
    (wanted.toolChoice.mode === 'required' || wanted.toolChoice.mode === 'tool')
  ) {
    return unsupported('toolChoice', 'cannot call tools');
  }
  if (wanted.turnDetection === null && (authority !== 'gateway' || !capabilities.commit)) {
    return unsupported('turnDetection', 'takes no manual turns');
  }
  const asksWhatIsGiven =
    wanted.turnDetection?.createResponse === false ||
    wanted.turnDetection?.interruptResponse === false ||
    (wanted.turnDetection?.kind === 'server_vad' && wanted.turnDetection.idleTimeoutMs !== null);
  if (authority === 'model' && capabilities.promptable === true && asksWhatIsGiven) {
    return unsupported('turnDetection', 'decides by itself when it speaks and when it stops');
  }
  const rigidError = rigidRefusal(current, wanted, { capabilities, formatLocked, unsupported });
  if (rigidError !== null) return rigidError;
  const formatError =
    formatRefusal('inputFormat', { current, wanted, locked: formatLocked.input }) ??
    formatRefusal('outputFormat', { current, wanted, locked: formatLocked.output });
  if (formatError !== null) return formatError;
  if (wanted.voice !== current.voice && capabilities.voices !== null) {
    if (voiceLocked) {
      return new CallError(
        'cannot_update_voice',
        'Cannot update the voice once the agent has been heard.',
        { param: 'voice' },
      );
    }
    if (capabilities.voices !== 'any' && !capabilities.voices.includes(wanted.voice ?? '')) {
      return unsupported('voice', `has no voice of that name (${capabilities.voices.join(', ')})`);
    }
  }
  return null;
}

/** What the backend does not take at all, or no longer once the call has begun. */
function rigidRefusal(
  current: CallSettings,
  wanted: CallSettings,
  {
    capabilities: { rigid },
    formatLocked,
    unsupported,
  }: Pick<SettingsContext, 'capabilities' | 'formatLocked'> & {
    readonly unsupported: (param: string, what: string) => CallError;
  },
): CallError | null {
  if (rigid === undefined) return null;
  if (rigid.always.includes('toolChoice') && wanted.toolChoice.mode !== 'auto') {
    return unsupported('toolChoice', 'chooses its tools by itself');
  }
  if (rigid.always.includes('maxOutputTokens') && wanted.maxOutputTokens !== 'inf') {
    return unsupported('maxOutputTokens', 'takes no limit of output tokens');
  }
  const begun = formatLocked.input || formatLocked.output;
  const fixed = begun ? rigid.afterStart.find((key) => wanted[key] !== current[key]) : undefined;
  return fixed === undefined
    ? null
    : unsupported(fixed, `takes ${fixed} at the beginning of a call only`);
}

function formatRefusal(
  param: 'inputFormat' | 'outputFormat',
  change: { readonly current: CallSettings; readonly wanted: CallSettings; locked: boolean },
): CallError | null {
  const format = change.wanted[param];
  if (sameFormat(format, change.current[param])) return null;
  if (!clientFormats.some((spoken) => sameFormat(spoken, format))) {
    const message = 'PCM16 at 24,000 or 16,000 Hz and G.711 at 8,000 Hz are spoken here.';
    return new CallError('invalid_value', message, { param });
  }
  return change.locked
    ? new CallError('invalid_value', 'Cannot change the format once audio has gone this way.', {
        param,
      })
    : null;
}

function firstVoice({ voices }: BackendCapabilities): string | null {
  return voices === null || voices === 'any' ? null : (voices[0] ?? null);
}

/**
 * Settings carried over to another backend: each one that it can honour, its own start otherwise.
 */
export function adaptSettings(
  settings: CallSettings,
  agent: AgentDefinition,
  context: SettingsContext,
): CallSettings {
  // The client's side of the call stays as it is, whoever answers.
  const { inputFormat, outputFormat } = settings;
  let adapted = { ...initialSettings(agent, context), inputFormat, outputFormat };
  // For this backend the call begins now, whatever has gone to another.
  const beginning = { ...context, formatLocked: { input: false, output: false } };
  for (const key of Object.keys(settings) as (keyof CallSettings)[]) {
    const resolved = resolveSettings(adapted, { [key]: settings[key] }, beginning);
    if (resolved.ok) adapted = resolved.settings;
  }
  return adapted;
}
