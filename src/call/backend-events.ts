import { samplesToMs } from '../audio/format.ts';
import type { BackendEvent } from '../ports/backend.ts';
import type { CommandTarget } from './commands.ts';

/** What a backend says while its session lives; the end of it is the link's. */
export type LiveBackendEvent = Exclude<BackendEvent, { readonly type: 'failed' }>;

/** Takes one thing that the backend says to the part of the call that it is for. */
export function takeBackendEvent(target: CommandTarget, event: LiveBackendEvent): void {
  const { conversation, lines, scope, settings, tools, uplink } = target;
  const { authority, capabilities } = target.context();
  switch (event.type) {
    case 'line.started':
      if (authority === 'backend' && lines.find(event.lineId) === undefined) {
        lines.openForBackend(event.lineId);
      } else {
        lines.take(event);
      }
      return;
    case 'line.ahead':
    case 'line.audio':
    case 'line.text':
    case 'line.done':
      if (authority === 'model' && event.type === 'line.done' && !lines.find(event.lineId)) {
        // It knows no lines of ours: so end the tools that it called in one go.
        lines.toolsDone(event.usage);
      } else {
        lines.take(event);
      }
      return;
    case 'stream.frame':
      if (authority === 'model') lines.take(event);
      else lines.nonsense('a stream frame, though it has turns');
      return;
    case 'tool.called':
      if (capabilities.tools !== 'none') tools.called(ofLine(event, target));
      else lines.nonsense('a tool call, though it can call none');
      return;
    case 'server_tool':
      if (capabilities.toolServers === true) tools.served.take(event.event);
      else lines.nonsense('a tool of a server, though it runs none');
      return;
    case 'caller.speech':
      target.turn({
        type: 'backend',
        event: event.speaking ? 'speechStarted' : 'speechStopped',
        audioMs: samplesToMs(event.atSample, uplink.backendRateHz),
      });
      return;
    case 'caller.transcript':
      // History knows the words also where the client wants no captions.
      if (event.final) conversation.transcribe(event.itemId, event.text);
      if (!settings().callerTranscripts) return;
      scope.log.append(event);
      return;
    case 'caller.words':
      target.words?.take(event, uplink.backendRateHz);
      return;
    case 'caller.partial':
      if (capabilities.transcripts.partials !== true) {
        lines.nonsense('a partial transcript, though it gives none');
        return;
      }
      target.turn({
        type: event.final ? 'final' : 'partial',
        text: event.text,
        echo: target.echo.isEcho(event.text),
        foreign: target.echo.isForeign(event.text),
      });
      return;
    case 'caller.turn':
      if (capabilities.transcripts.turnEvents !== true) {
        lines.nonsense('a judgement of the turn, though it gives none');
        return;
      }
      target.turn({
        type: 'eot',
        probability: event.event === 'resumed' ? 0 : event.probability,
        speechEndAudioMs: null,
      });
      return;
    case 'line.stage':
      if (lines.find(event.lineId) !== undefined) {
        const { lineId, stage, clockMs } = event;
        const reachedAtMs = clockMs - scope.originMs;
        scope.log.append({ type: 'line.stage', lineId, stage, reachedAtMs });
      }
      return;
    // What goes on over another connection is not felt here.
    case 'leaving':
      return;
    // Nobody else could have done better.
    case 'caller.lost':
    case 'upstream.lost':
      return;
    // What was used is counted elsewhere.
    case 'usage':
      return;
    case 'dropped':
      scope.log.append({ type: 'audio.dropped', where: 'model_input', samples: event.samples });
      return;
  }
}

/** Without turns there are no lines that the backend could name: its tools of one go belong to the open one. */
function ofLine(
  event: LiveBackendEvent & { readonly type: 'tool.called' },
  { context, lines }: CommandTarget,
): typeof event {
  const { lineId } = event;
  if (context().authority !== 'model' || lineId === null || lines.find(lineId)) return event;
  return { ...event, lineId: lines.lineOfTools().line.lineId };
}
