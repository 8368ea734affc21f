import { asCallError, CallError } from '../ports/errors.ts';
import { contextRefusal, settingsRefusal } from './allowance.ts';
import { resolveSettings, type SettingsContext } from './settings.ts';
import type { AgentLines } from './agent-lines.ts';
import type { LineRequest } from './line-request.ts';
import type { CallScope } from './scope.ts';
import type { Conversation } from './conversation.ts';
import type { EchoLadder } from './echo-ladder.ts';
import type { LineTrack } from './line-track.ts';
import type { ToolCalls } from './tool-calls.ts';
import type { Uplink } from './uplink.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { BackendCommand } from '../ports/backend.ts';
import type { ClientCommand, CommandResult, InputItem, NewItem } from '../ports/client.ts';
import type { ConversationItem } from '../ports/conversation.ts';
import type { CallSettings } from '../ports/settings.ts';
import type { TurnInput } from '../turn/vocabulary.ts';
import type { TurnWords } from './turn-words.ts';
import { begunAlready, checkDelete, checkItem } from './duplex.ts';
import { checkedOverrides, need, needGateway } from './command-checks.ts';

/** Least audio a manual commit may take, ms (what the stock wire demands). */
const leastCommitMs = 100;

/** What commands work on. */
export interface CommandTarget {
  readonly scope: CallScope;
  readonly conversation: Conversation;
  readonly lines: AgentLines;
  readonly tools: ToolCalls;
  readonly uplink: Uplink;
  readonly echo: EchoLadder;
  /** Puts the caller's words into turns, for backends that have none. */
  readonly words?: TurnWords;
  readonly agent: () => AgentDefinition;
  readonly settings: () => CallSettings;
  readonly context: () => SettingsContext;
  readonly configure: (settings: CallSettings) => void;
  readonly roundTripMs: () => number;
  readonly turn: (input: TurnInput) => void;
  readonly send: (command: BackendCommand) => void;
  /** Whether the backend was told of a line by another one's loss, and has to be put right about it. */
  readonly retold?: (lineId: string) => boolean;
  /** Opens a line and asks the backend for it. */
  readonly respond: (
    request: LineRequest,
    input: readonly ConversationItem[] | null,
    speculationId?: number,
  ) => LineTrack;
}

/** Runs one client command. A fault of ours is told as one and goes to the log. */
export function tryCommand(target: CommandTarget, command: ClientCommand): CommandResult {
  try {
    runCommand(target, command);
    return { ok: true };
  } catch (thrown) {
    const error = asCallError(thrown);
    if (error.code === 'internal_error') {
      target.scope.logger.error('call.command_failed', { command: command.type, error: thrown });
    }
    return { ok: false, error };
  }
}

export function callOver(): CallError {
  return new CallError('internal_error', 'The call is over.');
}

/** Runs one client command. @throws CallError when it is refused; nothing has changed then */
function runCommand(target: CommandTarget, command: ClientCommand): void {
  switch (command.type) {
    case 'configure':
      configure(target, command.patch);
      return;
    case 'commit':
      commit(target);
      return;
    case 'clear':
      clear(target);
      return;
    case 'respond':
      respond(target, command);
      return;
    case 'cancel':
      cancel(target, command.lineId);
      return;
    case 'item.create':
      createItem(target, command.item, command.after);
      return;
    case 'server_tool.approve':
      need(
        target,
        target.context().capabilities.toolServers === true,
        'runs no tools by itself',
        'item',
      );
      target.tools.served.approve(command);
      return;
    case 'item.delete':
      deleteItem(target, command.itemId);
      return;
    case 'item.truncate':
      truncate(target, command.itemId, command.audioEndMs);
      return;
    case 'playback':
      playback(target, command.itemId, command.playedMs);
      return;
    case 'output.clear':
      clearOutput(target);
      return;
    case 'interrupt':
      target.turn({ type: 'client.interrupt' });
      return;
    case 'mute':
      target.turn({ type: 'client.mute', muted: command.muted });
      return;
    case 'ptt':
      needGateway(target, 'decides about turns by itself');
      target.turn({
        type: 'client.ptt',
        pressed: command.pressed,
        audioMs: target.uplink.endMs,
      });
      return;
    case 'dtmf':
      needGateway(target, 'takes no keys');
      need(target, target.context().capabilities.appendContext, 'takes no keys', 'type');
      target.turn({ type: 'client.dtmf', digit: command.digit });
      return;
    case 'aec':
      target.echo.clientCancels(command.active);
      target.turn({ type: 'client.aec', active: command.active });
      return;
  }
}

function configure(target: CommandTarget, patch: Partial<CallSettings>): void {
  const context = target.context();
  const forbidden = settingsRefusal(target.agent(), target.settings(), patch);
  if (forbidden !== null) throw forbidden;
  const wanted =
    patch.tools === undefined || context.capabilities.tools === 'none'
      ? patch
      : { ...patch, tools: target.tools.merge(patch.tools) };
  const resolved = resolveSettings(target.settings(), wanted, context);
  if (!resolved.ok) throw resolved.error;
  target.configure(resolved.settings);
}

function commit(target: CommandTarget): void {
  const { uplink } = target;
  const { capabilities, authority } = target.context();
  const able = authority === 'model' ? capabilities.promptable : capabilities.commit;
  need(target, able === true && authority !== 'backend', 'takes no manual turns', 'type');
  const samples = uplink.endSample - uplink.uncommittedSample;
  const bufferedMs = (samples * 1000) / uplink.format.rateHz;
  if (bufferedMs < leastCommitMs) {
    throw new CallError(
      'input_audio_buffer_commit_empty',
      'Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, ' +
        `but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`,
    );
  }
  target.turn({ type: 'client.commit', audioMs: uplink.endMs });
}

function clear(target: CommandTarget): void {
  const { uplink, scope, send } = target;
  const { capabilities, authority } = target.context();
  const able = authority === 'model' ? capabilities.promptable : capabilities.commit;
  need(target, able === true && authority !== 'backend', 'cannot unhear audio', 'type');
  target.turn({ type: 'client.clear', audioMs: uplink.endMs });
  uplink.uncommittedSample = uplink.endSample;
  send({ type: 'clear' });
  scope.log.append({ type: 'input.cleared' });
}

function respond(target: CommandTarget, command: ClientCommand & { type: 'respond' }): void {
  const { capabilities, authority } = target.context();
  const able = authority === 'model' ? capabilities.promptable : capabilities.commit;
  need(target, able === true, 'answers by itself only', 'type');
  if (begunAlready(target)) return;
  need(
    target,
    !command.outOfBand || capabilities.outOfBand,
    'cannot answer outside the conversation',
    'response.conversation',
  );
  const overrides = checkedOverrides(target, command.overrides);
  need(
    target,
    command.input === null || capabilities.rigid?.perLine !== true,
    'answers from the whole conversation only',
    'response.input',
  );
  const input = command.input?.map((item) => inputItem(target, item)) ?? null;
  const { requestId, outOfBand, metadata } = command;
  target.respond({ cause: 'client', requestId, outOfBand, overrides, metadata }, input);
}

function inputItem(target: CommandTarget, item: InputItem): ConversationItem {
  if (item.kind !== 'reference') {
    const forbidden = contextRefusal(target.agent(), item, 'response.input');
    if (forbidden !== null) throw forbidden;
    return withId(target, item);
  }
  const found = target.conversation.item(item.itemId, heardAt(target));
  if (found === undefined) {
    throw new CallError('item_not_found', `Item ${item.itemId} does not exist.`, {
      param: 'response.input',
    });
  }
  return found;
}

function cancel(target: CommandTarget, lineId: string | null): void {
  const { lines } = target;
  const track = lineId === null ? lines.active : lines.find(lineId);
  if (track === null || track === undefined) {
    throw new CallError(
      'response_cancel_not_active',
      'Cancellation failed: no active response found',
    );
  }
  if (!track.inBand) {
    lines.cancelOutOfBand(track);
    return;
  }
  lines.cancelUpstream();
  lines.cut('client', 'client_cancelled');
}

function createItem(target: CommandTarget, item: NewItem, after: string | null): void {
  const { capabilities } = target.context();
  const { conversation, tools, scope, send } = target;
  // An answer to a call of its own is what a backend with tools has asked for.
  const able =
    capabilities.appendContext || (item.kind === 'tool_output' && capabilities.tools !== 'none');
  need(target, able, 'takes no items from outside', 'item');
  checkItem(target, after);
  const forbidden = contextRefusal(target.agent(), item, 'item.content');
  if (forbidden !== null) throw forbidden;
  if (item.itemId !== null && conversation.taken(item.itemId)) {
    throw new CallError('item_exists', `Item ${item.itemId} already exists.`, {
      param: 'item.id',
    });
  }
  if (item.kind === 'tool_output' && tools.known(item.toolCallId)) {
    // The desk takes the first answer only; a repeated one is counted there and changes nothing.
    conversation.check(after);
    tools.answered(item, after);
    return;
  }
  if (item.kind === 'tool_output' && !hasToolCall(target, item.toolCallId)) {
    throw new CallError('tool_call_not_found', `No tool call has the id ${item.toolCallId}.`, {
      param: 'item.call_id',
    });
  }
  const added = withId(target, item);
  const previousItemId = conversation.add(added, after);
  target.turn({ type: 'context' });
  send({
    type: 'item.add',
    item: added,
    afterItemId: after === 'root' ? null : (after ?? undefined),
  });
  scope.log.append({ type: 'item.added', item: added, previousItemId });
}

function hasToolCall(target: CommandTarget, toolCallId: string): boolean {
  return target.conversation
    .items(heardAt(target))
    .some((item) => item.kind === 'tool_call' && item.toolCallId === toolCallId);
}

function withId(target: CommandTarget, item: NewItem): ConversationItem {
  const itemId = item.itemId ?? target.scope.ids.next('item');
  return { ...item, itemId, status: 'completed' };
}

function deleteItem(target: CommandTarget, itemId: string): void {
  const { conversation, scope, send } = target;
  checkDelete(target, itemId);
  if (!conversation.delete(itemId)) throw noSuchItem(itemId);
  target.turn({ type: 'context' });
  if (target.context().capabilities.appendContext) send({ type: 'item.delete', itemId });
  scope.log.append({ type: 'item.deleted', itemId });
}

/** The client's wall clock may only lower what counts as heard, never raise it. */
function truncate(target: CommandTarget, itemId: string, audioEndMs: number): void {
  const { conversation, scope } = target;
  const track = conversation.line(itemId);
  if (track === undefined && !conversation.has(itemId)) throw noSuchItem(itemId);
  if (track === undefined || track.line.modality === 'text' || track.sentSamples === 0) {
    throw new CallError(
      'unsupported_content_type',
      'Only model output audio messages can be truncated.',
      { param: 'item_id' },
    );
  }
  if (audioEndMs > Math.ceil(track.sentMs)) {
    throw new CallError(
      'audio_already_shorter',
      `Audio content of ${Math.floor(track.sentMs)}ms is already shorter than ${audioEndMs}ms`,
      { param: 'audio_end_ms' },
    );
  }
  // The client has stopped playing it: nothing of it may go on towards an ear that is not there.
  if (target.lines.active === track) {
    target.lines.cancelUpstream();
    target.lines.cut('client', 'client_cancelled');
  }
  const { nowMs, roundTripMs } = heardAt(target);
  track.truncate(audioEndMs, nowMs, roundTripMs);
  const heardMs = track.heardMs(nowMs, roundTripMs);
  const heardText = track.heardText(nowMs, roundTripMs);
  tellHeard(target, track);
  scope.log.append({
    type: 'item.truncated',
    itemId,
    requestedMs: audioEndMs,
    heardMs,
    heardText,
  });
}

/** The backend's memory of a line becomes what was heard of it. */
export function tellHeard(
  target: Pick<CommandTarget, 'context' | 'send' | 'scope' | 'roundTripMs' | 'retold'>,
  track: LineTrack,
): void {
  // What was made and never sent was not heard either: the backend may believe that it was.
  const withheld = track.withheld && track.line.modality === 'audio';
  if (track.generatedSamples === 0 && !withheld) return;
  const { lineId } = track.line;
  if (!target.context().capabilities.truncate && target.retold?.(lineId) !== true) return;
  const nowMs = target.scope.nowMs();
  const roundTripMs = target.roundTripMs();
  target.send({
    type: 'truncate',
    lineId,
    heardMs: track.heardMs(nowMs, roundTripMs),
    heardText: track.heardText(nowMs, roundTripMs),
  });
}

function playback(target: CommandTarget, itemId: string, playedMs: number): void {
  const track = target.conversation.line(itemId);
  if (track === undefined) throw noSuchItem(itemId);
  target.scope.log.append({ type: 'playback.acknowledged', itemId, playedMs });
  target.lines.acknowledge(track, playedMs);
}

function clearOutput(target: CommandTarget): void {
  const { lines, scope } = target;
  lines.cancelUpstream();
  const cut = lines.cut('client', 'client_cancelled');
  scope.log.append({ type: 'output.cleared', lineId: cut?.line.lineId ?? null });
}

function noSuchItem(itemId: string): CallError {
  return new CallError('item_not_found', `Item ${itemId} does not exist.`, { param: 'item_id' });
}

function heardAt(target: CommandTarget): { nowMs: number; roundTripMs: number } {
  return { nowMs: target.scope.nowMs(), roundTripMs: target.roundTripMs() };
}
