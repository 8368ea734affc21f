import type { SessionResource } from './session.ts';

/** Why a session ended, in the wire's words. */
export type LiveCloseReason =
  'close_requested' | 'expired' | 'content' | 'remote_hangup' | 'connection_lost';

/** A stretch of the timeline, whole ms: `end_ms` is never smaller than `start_ms`. */
interface Placed {
  readonly start_ms: number;
  readonly end_ms: number;
}

export type AppendKind = 'instructions' | 'thinking' | 'commentary';

/** What the server says, without the id that every event but audio gets. */
export type ServerEventBody =
  | { readonly type: 'session.started' | 'session.updated'; readonly session: SessionResource }
  | { readonly type: 'session.input_audio.muted' | 'session.input_audio.unmuted' }
  | ({
      readonly type: 'session.input_transcript.delta' | 'session.output_transcript.delta';
      readonly delta: string;
    } & Placed)
  | ({ readonly type: `session.${AppendKind}.appended` } & Placed)
  | {
      readonly type: 'session.delegation.created';
      readonly offset_ms: number;
      readonly delegation: {
        readonly id: string;
        readonly type: 'delegation';
        readonly target: 'client' | 'responses';
        readonly response_id?: string;
      };
    }
  | {
      readonly type: 'response.event';
      readonly event: Readonly<Record<string, unknown>>;
      readonly delegation_id: string | null;
    }
  | {
      readonly type: 'session.output_audio.fixture.playing' | 'session.output_audio.fixture.played';
    }
  | { readonly type: 'session.usage.updated'; readonly usage: { readonly seconds: number } }
  | {
      readonly type: 'session.closed';
      readonly reason: LiveCloseReason;
      readonly session: SessionResource;
      readonly usage: { readonly seconds: number };
    }
  | { readonly type: 'info'; readonly code: string; readonly message: string }
  | {
      readonly type: 'error';
      readonly error: {
        readonly type: 'invalid_request_error' | 'server_error';
        readonly code: string;
        readonly message: string;
        readonly param?: string;
        readonly client_event_id?: string;
      };
    };

export type ServerEvent = ServerEventBody & {
  readonly event_id: string;
  readonly client_event_id?: string;
};
