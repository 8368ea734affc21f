import type { AddressInfo } from 'node:net';
import WebSocket, { WebSocketServer } from 'ws';
import { answerQuestions } from '../lib/remote.ts';

/**
 * The least a gateway written with `ws` can be: every message goes on as it came, nothing is looked
 * at. What Parley costs beyond this is what it does.
 */
let upstreamUrl = '';
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('connection', (client, request) => {
  const upstream = new WebSocket(upstreamUrl + (request.url ?? ''), { perMessageDeflate: false });
  const early: (readonly [WebSocket.RawData, boolean])[] = [];
  client.on('message', (data, binary) => {
    if (upstream.readyState === WebSocket.OPEN) upstream.send(data, { binary });
    else early.push([data, binary]);
  });
  upstream.on('open', () => {
    for (const [data, binary] of early.splice(0)) upstream.send(data, { binary });
  });
  upstream.on('message', (data, binary) => client.send(data, { binary }));
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('close', () => other.close());
    one.on('error', () => other.terminate());
  }
});

const methods = {
  /** @param url of the upstream, without a path. @returns the port it listens on */
  listen: (url: string): number => {
    upstreamUrl = url;
    return (server.address() as AddressInfo).port;
  },
};

export type RelayApi = typeof methods;

answerQuestions(methods);
