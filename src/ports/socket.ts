/** What an open WebSocket tells its one owner. */
export interface SocketHandlers {
  /** A text message. */
  text(message: string): void;
  /** A binary message; the bytes are the owner's. */
  binary(message: Uint8Array): void;
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
  sendBinary(message: Uint8Array): void;
  /** Starts the closing handshake; the socket is destroyed if the peer does not answer it. */
  close(code: number, reason: string): void;
}
