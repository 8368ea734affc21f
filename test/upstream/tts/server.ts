import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { seededRandom, type Random } from '../../../adapters/backends/rehearsal/chance.ts';
import type { Timer } from '../../../src/time/clock.ts';
import {
  voiceStandInDefaults,
  type VoiceFaultPlace,
  type VoiceStandInOptions,
  type VoiceStandInSettings,
  type VoiceStandInStats,
} from './options.ts';

/** A running stand-in for a hosted voice. */
export interface VoiceStandIn {
  /** `ws://127.0.0.1:<port>`, without a path. */
  readonly origin: string;
  /** For the adapter's `url`. */
  readonly url: string;
  readonly stats: VoiceStandInStats;
  /** Ends every connection there is, as if the network had gone. */
  cut(): void;
  close(): Promise<void>;
}

/** One connection's side of a vendor's protocol. */
export interface StandInProtocol {
  readonly working: number;
  /** @throws WireViolation when the client broke a rule */
  take(message: Readonly<Record<string, unknown>>): void;
  end(): void;
}

/** What a protocol works with. */
export interface StandInLine {
  readonly settings: VoiceStandInSettings;
  readonly url: URL;
  readonly random: Random;
  readonly onDelay: (delayMs: number) => void;
  send(message: object | Buffer): void;
  close(code: number, reason: string): void;
  /** @returns whether the planned fault happened here and nothing else is to */
  wrong(place: VoiceFaultPlace): boolean;
}

export interface StandInVendor {
  /** Path of the adapter's `url`, where it has one. */
  readonly path: string;
  /** How long it waits for a message, ms. */
  idleMs(url: URL): number;
  /** Why an upgrade is refused; `null` = it is not. */
  refusal(url: URL, headers: IncomingHttpHeaders): string | null;
  keyOf(headers: IncomingHttpHeaders): string | undefined;
  /** The last word to a client that said nothing for too long. */
  goodbye: { readonly code: number; readonly reason: string; readonly message?: object };
  /** What the vendor makes of a broken rule; by default it closes with 1008. */
  complain?(line: StandInLine, reason: string): void;
  open(line: StandInLine): StandInProtocol;
}

/** The client broke a rule of the vendor's. */
export class WireViolation extends Error {}

/** Starts a server on this machine that keeps a vendor's published protocol. */
export async function startVoiceStandIn(
  vendor: StandInVendor,
  options: VoiceStandInOptions,
): Promise<VoiceStandIn> {
  const settings: VoiceStandInSettings = { ...voiceStandInDefaults, ...options };
  const { apiKey, fault, faultyConnections } = settings;
  const live = new Set<StandInConnection>();
  const seen = {
    connectionsTotal: 0,
    requests: [] as string[],
    messages: [] as Readonly<Record<string, unknown>>[],
    messagesAtMs: [] as number[],
    violations: [] as string[],
    drawnMs: [] as number[],
  };
  let upgrades = 0;
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new Set<Duplex>();
  http.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  http.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    seen.requests.push(request.url ?? '');
    upgrades += 1;
    const isFaulty = fault !== null && upgrades <= faultyConnections;
    if (isFaulty && fault.kind === 'hang') {
      // Who does not read does not hear that the client has gone.
      socket.on('error', () => undefined).on('end', () => socket.destroy());
      socket.resume();
      return;
    }
    if (isFaulty && fault.kind === 'refuse') {
      refuse(socket, fault.status, fault.body ?? errorBody('told_to_refuse'));
      return;
    }
    const key = vendor.keyOf(request.headers);
    if (apiKey !== null && key !== apiKey) {
      // The worst that a server can do with a key: repeat it.
      refuse(socket, 401, errorBody(`invalid key=${key ?? ''}`));
      return;
    }
    const reason = vendor.refusal(url, request.headers);
    if (reason !== null) {
      seen.violations.push(reason);
      refuse(socket, 400, errorBody(reason));
      return;
    }
    acceptor.handleUpgrade(request, socket, head, (webSocket) => {
      seen.connectionsTotal += 1;
      const connection: StandInConnection = new StandInConnection(webSocket, {
        vendor,
        settings: { ...settings, fault: isFaulty ? fault : null },
        url,
        random: seededRandom(settings.seed + seen.connectionsTotal),
        seen,
        onClosed: () => live.delete(connection),
      });
      live.add(connection);
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(settings.port, '127.0.0.1', resolve);
  });
  const origin = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    origin,
    url: origin + vendor.path,
    stats: {
      ...seen,
      get connections() {
        return sockets.size;
      },
      get connectionsTotal() {
        return seen.connectionsTotal;
      },
      get working() {
        return [...live].reduce((sum, { working }) => sum + working, 0);
      },
    },
    cut: () => {
      for (const socket of acceptor.clients) socket.terminate();
    },
    close: () => {
      for (const socket of acceptor.clients) socket.terminate();
      acceptor.close();
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}

interface ConnectionOptions {
  readonly vendor: StandInVendor;
  readonly settings: VoiceStandInSettings;
  readonly url: URL;
  readonly random: Random;
  readonly seen: {
    readonly messages: Readonly<Record<string, unknown>>[];
    readonly messagesAtMs: number[];
    readonly violations: string[];
    readonly drawnMs: number[];
  };
  readonly onClosed: () => void;
}

/** A WebSocket and the vendor's protocol on it. */
class StandInConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #line: StandInLine;
  readonly #protocol: StandInProtocol;
  #idle: Timer | null = null;
  #faultDone = false;
  #silent = false;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    const { random, seen, settings, url, vendor } = options;
    this.#options = options;
    this.#socket = socket;
    this.#line = {
      settings,
      url,
      random,
      onDelay: (delayMs) => seen.drawnMs.push(delayMs),
      send: (message) => this.#send(message),
      close: (code, reason) => this.#close(code, reason),
      wrong: (place) => this.#wrong(place),
    };
    this.#protocol = vendor.open(this.#line);
    socket.on('message', (data: Buffer, isBinary) => this.#take(data, isBinary));
    socket.on('ping', () => this.#stayAwake());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#silent = true;
      this.#idle?.cancel();
      this.#protocol.end();
      options.onClosed();
    });
    this.#stayAwake();
    this.#wrong({ at: 'open' });
  }

  get working(): number {
    return this.#protocol.working;
  }

  #take(data: Buffer, isBinary: boolean): void {
    const { seen, settings, vendor } = this.#options;
    if (this.#silent) return;
    this.#stayAwake();
    try {
      if (isBinary) throw new WireViolation('text messages only');
      const message = parse(data);
      seen.messages.push(message);
      seen.messagesAtMs.push(settings.clock.nowMs());
      this.#protocol.take(message);
    } catch (thrown) {
      if (!(thrown instanceof WireViolation)) throw thrown;
      seen.violations.push(thrown.message);
      if (vendor.complain) vendor.complain(this.#line, thrown.message);
      else this.#close(1008, thrown.message);
    }
  }

  #send(message: object | Buffer): void {
    if (this.#silent || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  #close(code: number, reason: string): void {
    this.#silent = true;
    this.#protocol.end();
    this.#socket.close(code, reason);
  }

  #wrong(place: VoiceFaultPlace): boolean {
    const { fault } = this.#options.settings;
    if (fault === null || !('at' in fault) || this.#faultDone || fault.at !== place.at)
      return false;
    if (fault.at === 'audio' && place.at === 'audio' && place.afterMs < fault.afterMs) return false;
    this.#faultDone = true;
    switch (fault.kind) {
      case 'close':
        this.#close(fault.code, fault.reason);
        return true;
      case 'drop':
        this.#socket.terminate();
        return true;
      case 'stall':
        this.#silent = true;
        this.#protocol.end();
        this.#idle?.cancel();
        return true;
      case 'send':
        this.#socket.send(fault.text);
        return false;
    }
  }

  #stayAwake(): void {
    const { settings, url, vendor } = this.#options;
    this.#idle?.cancel();
    const { code, message, reason } = vendor.goodbye;
    this.#idle = settings.clock.timerAt(
      settings.clock.nowMs() + (settings.idleMs ?? vendor.idleMs(url)),
      () => {
        if (message !== undefined) this.#send(message);
        this.#close(code, reason);
      },
    );
  }
}

function parse(data: Buffer): Readonly<Record<string, unknown>> {
  try {
    const raw: unknown = JSON.parse(data.toString('utf8'));
    if (typeof raw === 'object' && raw !== null) return raw as Readonly<Record<string, unknown>>;
  } catch {
    // Falls through to the one complaint for all of it.
  }
  throw new WireViolation('not a JSON object');
}

/** @throws WireViolation when a field is missing, of another type, or nobody knows it */
export function checkFields(
  message: Readonly<Record<string, unknown>>,
  required: Readonly<Record<string, string>>,
  optional: Readonly<Record<string, string>> = {},
): void {
  const known = { ...required, ...optional };
  for (const [name, value] of Object.entries(message)) {
    if (known[name] === undefined) throw new WireViolation(`unknown field ${name}`);
    if (typeof value !== known[name]) throw new WireViolation(`${name} is no ${known[name]}`);
  }
  for (const name of Object.keys(required)) {
    if (!(name in message)) throw new WireViolation(`${name} is missing`);
  }
}

function errorBody(message: string): string {
  return JSON.stringify({ error: { code: 'refused', message } });
}

function refuse(socket: Duplex, status: number, body: string): void {
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
