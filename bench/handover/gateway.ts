import { get, request } from 'node:https';
import { json } from 'node:stream/consumers';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { Program } from '../lib/program.ts';
import { TemporaryFolder } from '../lib/temporary-folder.ts';
import { throwAwayCertificate } from '../../test/conformance/stage.ts';
import { keyName } from './upstream.ts';

const entry = fileURLToPath(new URL('../../bin/parley.mjs', import.meta.url));

const recordSchema = z.object({
  events: z.array(z.looseObject({ type: z.string() })),
});
const doneSchema = z.object({
  from: z.string(),
  to: z.string(),
  cause: z.string(),
  gapMs: z.number(),
  oursMs: z.number(),
});

/** What a gateway wrote down of a call's handovers. */
export type Handovers = readonly z.output<typeof doneSchema>[];

/** All that it wrote down of a call. */
export type CallLog = readonly z.output<typeof recordSchema>['events'][number][];

/** Longest wait for an answer of its HTTP side, ms. */
const answerMs = 10_000;

/** Handovers that came to their end, in order. */
export function handoversIn(log: CallLog): Handovers {
  return log.flatMap((event) => {
    const done = event.type === 'handover.done' ? doneSchema.safeParse(event) : null;
    return done?.success === true ? [done.data] : [];
  });
}

/** A gateway as anybody would start it, in a process of its own, with the lock that stock clients want. */
export class HandoverGateway {
  readonly url: string;
  /** To be trusted, PEM. */
  readonly certificate: string;
  readonly #program: Program;
  readonly #folder: TemporaryFolder;

  private constructor(url: string, certificate: string, program: Program, folder: TemporaryFolder) {
    this.url = url;
    this.certificate = certificate;
    this.#program = program;
    this.#folder = folder;
  }

  /** @throws Error with its last words when it does not start */
  static async start({
    faultInjection = false,
    ...config
  }: {
    readonly backends: Readonly<Record<string, unknown>>;
    readonly agents: Readonly<Record<string, unknown>>;
    /** Whether an operator may make backends fail. */
    readonly faultInjection?: boolean;
  }): Promise<HandoverGateway> {
    const folder = new TemporaryFolder('parley-handover');
    const { cert, key } = await throwAwayCertificate();
    const file = (name: string, text: string): string => {
      const path = join(folder.path, name);
      writeFileSync(path, text);
      return path;
    };
    const tls = { certFile: file('cert.pem', cert), keyFile: file('key.pem', key) };
    const server = { host: '127.0.0.1', port: 0, drainMs: 500, faultInjection, tls };
    const configFile = file('parley.yaml', JSON.stringify({ server, ...config }));
    const program = new Program({
      command: process.execPath,
      args: [entry, 'serve', '--config', configFile],
      env: { [keyName]: 'sk-bench-0123456789' },
    });
    try {
      const [, url] = await program.lineLike(/^Parley listens on (\S+)$/);
      const gateway = new HandoverGateway(url!, cert, program, folder);
      await gateway.#ready();
      return gateway;
    } catch (thrown) {
      await program.end();
      folder.remove();
      throw thrown;
    }
  }

  /** Empty where it knows no such call. */
  async logOf(callId: string): Promise<CallLog> {
    const record = recordSchema.safeParse((await this.#get(`/api/calls/${callId}`)).body);
    return record.success ? record.data.events : [];
  }

  /** The operator's word that the backend of a call is dead. Never rejects. */
  async breakBackend(callId: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<null>();
    const options = { method: 'POST', ca: this.certificate, signal: AbortSignal.timeout(answerMs) };
    request(`${this.url}/api/calls/${callId}/break-backend`, options, (response) => {
      response.resume().on('end', () => resolve(null));
    })
      .on('error', () => resolve(null))
      .end();
    await promise;
  }

  async end(): Promise<void> {
    await this.#program.end();
    this.#folder.remove();
  }

  async #ready(): Promise<void> {
    const { status, body } = await this.#get('/readyz');
    if (status !== 200) throw new Error(`the gateway is not ready: ${JSON.stringify(body)}`);
  }

  #get(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: unknown }>();
    const signal = AbortSignal.timeout(answerMs);
    get(`${this.url}${path}`, { ca: this.certificate, signal }, (response) => {
      const status = response.statusCode ?? 0;
      json(response).then((body) => resolve({ status, body }), reject);
    }).on('error', reject);
    return promise;
  }
}
