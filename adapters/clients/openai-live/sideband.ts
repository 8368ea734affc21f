import type { Logger } from '../../../src/ports/log.ts';
import type { Socket } from '../../../src/ports/socket.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import { Inflow } from '../../shared/inflow.ts';
import { runEvent } from './commands.ts';
import { decode } from './decode.ts';
import { errorEvent, problemOf, type Problem } from './problems.ts';
import type { LiveSession } from './session.ts';

/** Malformed events in a row after which the socket is closed. */
const invalidEventLimit = 20;

/** Joins a running session: sees all that it says, and may say all but audio and a start. */
export function joinSession(
  socket: Socket,
  session: LiveSession | undefined,
  options: { readonly clock: Clock; readonly ids: IdSource; readonly log: Logger },
): void {
  const { clock, ids } = options;
  const inflow = new Inflow();
  let invalidInARow = 0;
  const tell = (body: object): void =>
    socket.sendText(JSON.stringify({ ...body, event_id: ids.next('event') }));
  const fail = (problem: Problem, eventId: string | null): void =>
    tell(errorEvent(problem, eventId));
  const ignore = (): void => undefined;
  if (session === undefined || session.over || !session.peers.join(socket)) {
    socket.listen({ text: ignore, binary: ignore, pong: ignore, closed: ignore });
    const known = session !== undefined && !session.over;
    const problem: Problem = known
      ? { code: 'rate_limit_exceeded', message: 'Enough sidebands have joined this session.' }
      : { code: 'not_found', message: 'There is no such session.' };
    fail(problem, null);
    socket.close(1008, problem.code);
    return;
  }
  tell({ type: 'session.started', session: session.resource });
  socket.listen({
    text(message) {
      if (session.over) return;
      const holdMs = inflow.message(message.length, clock.nowMs());
      if (holdMs > 0) socket.hold(holdMs);
      const decoded = decode(message);
      const tooMuch = inflow.words(message.length, clock.nowMs());
      const { eventId } = decoded;
      if (tooMuch !== null) {
        fail(problemOf(tooMuch), eventId);
        socket.close(1008, tooMuch.code);
        return;
      }
      if (!decoded.ok) {
        fail(decoded.problem, eventId);
        invalidInARow += 1;
        if (invalidInARow >= invalidEventLimit) socket.close(1008, 'too_many_invalid_events');
        return;
      }
      invalidInARow = 0;
      try {
        if (decoded.event.type === 'session.input_audio.append') {
          fail({ code: 'invalid_event', message: 'Audio goes over the primary socket.' }, eventId);
        } else {
          runEvent(session, decoded.event, eventId);
        }
      } catch (thrown) {
        const problem = problemOf(thrown);
        if (problem.code === 'internal_error') {
          options.log.error('live.event_failed', { callId: session.call.callId, error: thrown });
        }
        fail(problem, eventId);
      }
    },
    binary: () => fail({ code: 'invalid_event', message: 'Messages are JSON text.' }, null),
    pong: ignore,
    closed: () => session.peers.leave(socket),
  });
}
