import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Connect } from '../ear/wire.ts';
import type { BrowserOrder, BrowserReport } from './browser-messages.ts';

/** What the SDK made of the call, told at its end. */
export interface BrowserSide {
  dropped: readonly string[];
  errors: readonly string[];
  protocol: string;
}

export interface BrowserWireOptions {
  readonly url: string;
  readonly key: string;
  readonly agent: 'plain' | 'tables';
  /** Filled in when the connection has ended. */
  readonly side: BrowserSide;
}

const client = fileURLToPath(new URL('browser-client.ts', import.meta.url));

/** The Agents SDK as browsers load it, in a process of its own. */
export function browserWire({ url, key, agent, side }: BrowserWireOptions): Connect {
  return async (handlers) => {
    const child = fork(client, {
      execArgv: ['--conditions=browser'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const tell = (order: BrowserOrder): void => {
      if (child.connected) child.send(order);
    };
    const ready = Promise.withResolvers<undefined>();
    child.on('exit', (code) => ready.reject(new Error(`the client ended with ${code ?? -1}`)));
    child.on('message', (report: BrowserReport) => {
      switch (report.type) {
        case 'opened':
          handlers.opened();
          return;
        case 'ready':
          ready.resolve(undefined);
          return;
        case 'event':
          handlers.event(report.event);
          return;
        case 'audio':
          handlers.audio(report.itemId, report.bytes);
          return;
        case 'interrupted':
          handlers.interrupted();
          return;
        case 'failed':
          handlers.failed(new Error(report.message));
          ready.reject(new Error(report.message));
          return;
        case 'closed':
          side.dropped = report.dropped;
          side.errors = report.errors;
          side.protocol = report.protocol;
          handlers.closed(report.code, report.reason);
          child.disconnect();
      }
    });
    tell({ type: 'open', url, key, agent });
    try {
      await ready.promise;
    } catch (error) {
      child.kill();
      throw error;
    }
    return {
      send: (event) => tell({ type: 'send', event }),
      sendAudio: (bytes) => tell({ type: 'audio', bytes }),
      close: () => tell({ type: 'close' }),
    };
  };
}
