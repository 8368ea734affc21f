/** Reason with which a socket is closed (1006) whose peer shows no sign of life. */
export const unansweredPings = 'no answer to pings';

/** What an open WebSocket tells its one owner. */
export interface SocketHandlers {
  /** A text message, as the valid UTF-8 it came in; lent for as long as the call takes. */
  text(message: Buffer): void;
  /** A binary message; the bytes are the owner's. */
  binary(message: Uint8Array): void;
  /**
   * A message is longer than the socket takes. The last moment at which the peer can be told: right
   * after it the socket closes with 1009.
   */
  tooLarge?(limitBytes: number): void;
  /** A pong, with the round trip it took, ms. */
  pong(roundTripMs: number): void;
  /** The socket is closed, whoever closed it. Called once. */
  closed(code: number, reason: string): void;
}

/**
 * The seam between Parley and a WebSocket server implementation (`ws` today). Nothing else of the
 * implementation is seen outside `src/server/websocket.ts`.
 */
export interface Socket {
  /** Bytes handed over but not yet written to the network. */
  readonly unsentBytes: number;
  /** Takes the handlers; messages that came before are delivered first. */
  listen(handlers: SocketHandlers): void;
  sendText(message: string): void;
  /** One text message in parts that consist of ASCII characters alone. */
  sendAscii(parts: readonly string[]): void;
  sendBinary(message: Uint8Array): void;
  /**
   * Reads nothing for so long, ms: what comes waits at the peer. Messages that have been read already
   * are still delivered. A longer hold takes the place of a shorter one.
   */
  hold(durationMs: number): void;
  /** Starts the closing handshake; the socket is destroyed if the peer does not answer it. */
  close(code: number, reason: string): void;
}
