import type { IncomingMessage, ServerResponse } from 'node:http';
import { seededRandom } from '../../../adapters/backends/rehearsal/chance.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { chatEvents, tokensOf } from './chat-events.ts';
import { BadRequest, questionOf } from './chat-request.ts';
import { readJson, sendJson, startHttpStandIn } from './http-stand-in.ts';
import type {
  ChatAnswer,
  ChatFault,
  ChatQuestion,
  ChatRecord,
  ChatStandInOptions,
  ChatStats,
} from './options.ts';
import { drawnMs, untilClosed, waitMs, writePiece } from './pace.ts';
import { countOn } from './rules.ts';

/** A running stand-in for a server of chat completions. */
export interface ChatStandIn {
  /** For a model's `baseUrl`: `http://127.0.0.1:<port>/v1`. */
  readonly url: string;
  readonly stats: ChatStats;
  readonly connections: number;
  readonly connectionsTotal: number;
  /** What goes wrong from now on. */
  fault: ChatFault | null;
  /** Closes every connection, and goes on listening. */
  dropConnections(): void;
  close(): Promise<void>;
}

/**
 * Starts a server on this machine that keeps the rules of OpenAI's `/chat/completions`, streamed: it
 * turns down what the original does, in its words, and answers by a rule. `/models` lists its models.
 */
export async function startChatStandIn(options: ChatStandInOptions = {}): Promise<ChatStandIn> {
  const { apiKey = null, keepAliveMs, models = null, port } = options;
  const desk = new ChatDesk(options);
  const http = await startHttpStandIn(
    async (request, response) => {
      if (apiKey !== null && request.headers.authorization !== `Bearer ${apiKey}`) {
        const given = request.headers.authorization ?? '';
        refuse(response, 401, `Incorrect API key provided: ${given}.`, 'invalid_api_key');
        return;
      }
      const path = new URL(request.url ?? '/', 'http://stand-in').pathname;
      if (path === '/v1/models' && request.method === 'GET') {
        const data = (models ?? ['stand-in']).map((id) => ({ id, object: 'model' }));
        sendJson(response, 200, { object: 'list', data });
        return;
      }
      if (path !== '/v1/chat/completions' || request.method !== 'POST') {
        refuse(response, 404, `Invalid URL (${request.method ?? ''} ${path})`, null);
        return;
      }
      await desk.serve(request, response);
    },
    {
      ...(port === undefined ? {} : { port }),
      ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
    },
  );
  return {
    url: `${http.origin}/v1`,
    stats: desk.stats,
    get connections() {
      return http.connections;
    },
    get connectionsTotal() {
      return http.connectionsTotal;
    },
    get fault() {
      return desk.fault;
    },
    set fault(fault) {
      desk.fault = fault;
    },
    dropConnections: () => http.dropConnections(),
    close: () => http.close(),
  };
}

class ChatDesk {
  fault: ChatFault | null;
  readonly stats: ChatStats;
  readonly #options: ChatStandInOptions;
  readonly #records: ChatRecord[] = [];
  readonly #random;

  constructor(options: ChatStandInOptions) {
    this.#options = options;
    this.fault = options.fault ?? null;
    this.#random = seededRandom(options.seed ?? 1);
    const records = this.#records;
    this.stats = {
      requests: records,
      get aborted() {
        return records.filter(({ state }) => state === 'aborted').length;
      },
      get active() {
        return records.filter(({ state }) => state === 'open').length;
      },
      get tokensWritten() {
        return records.reduce((sum, { tokensWritten }) => sum + tokensWritten, 0);
      },
      get lastBody() {
        return records.at(-1)?.body ?? null;
      },
    };
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body: unknown;
    try {
      body = await readJson(request);
    } catch {
      refuse(response, 400, 'We could not parse the JSON body of your request.', null);
      return;
    }
    const { clock = systemClock } = this.#options;
    const record: ChatRecord = {
      body: body as ChatRecord['body'],
      headers: request.headers,
      atMs: clock.nowMs(),
      firstTokenMs: 0,
      firstTokenAtMs: null,
      tokensWritten: 0,
      usage: null,
      closedAtMs: null,
      state: 'open',
    };
    this.#records.push(record);
    response.once('close', () => {
      record.closedAtMs = clock.nowMs();
      if (record.state === 'open') record.state = 'aborted';
    });
    try {
      const question = this.#question(record);
      await this.#answer(question, record, response);
    } catch (thrown) {
      if (!(thrown instanceof BadRequest)) throw thrown;
      record.state = 'refused';
      refuse(response, thrown.status, thrown.message, thrown.code, thrown.param);
    }
  }

  #question({ body }: ChatRecord): ChatQuestion {
    const { models = null, refusesMaxTokens = false } = this.#options;
    const question = questionOf(body, refusesMaxTokens);
    const model = String(body['model']);
    if (models === null || models.includes(model)) return question;
    const message = `The model '${model}' does not exist or you do not have access to it.`;
    throw new BadRequest('model', message, 404, 'model_not_found');
  }

  async #answer(
    question: ChatQuestion,
    record: ChatRecord,
    response: ServerResponse,
  ): Promise<void> {
    const { fault } = this;
    const { answer = countOn(10), clock = systemClock, firstTokenMs = 0 } = this.#options;
    if (fault?.kind === 'refuse') {
      record.state = 'refused';
      sendJson(response, fault.status, fault.body ?? '', fault.headers);
      return;
    }
    if (fault?.kind === 'hang') {
      await untilClosed(response);
      return;
    }
    if (fault?.kind === 'page') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>Please log in.</html>');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.flushHeaders();
    record.firstTokenMs = drawnMs(firstTokenMs, this.#random);
    if (!(await waitMs(clock, record.firstTokenMs, response))) return;
    const { spelling = {} } = this.#options;
    const events = chatEvents(shortened(answer(question), question), spelling, {
      ordinal: this.#records.length,
      model: String(record.body['model']),
      promptTokens: promptTokens(question),
    });
    const asked = promptTokens(question);
    const usage = {
      prompt: asked,
      completion: events.filter(({ isToken }) => isToken).length,
      cached: Math.floor(asked / 2),
    };
    const { cutBytes = null } = this.#options;
    if (cutBytes !== null) {
      const bytes = Buffer.from(events.map(({ text }) => text).join(''));
      for (const piece of cutBytes(bytes)) await writePiece(response, piece);
      this.#end(record, response);
      return;
    }
    for (const { text, isToken } of events) {
      if (isToken && (await this.#mishap(record, response))) return;
      if (isToken) await this.#token(record, response);
      if (response.destroyed) return;
      response.write(text);
    }
    record.usage = usage;
    if (spelling.openAfterDone === true) {
      record.state = 'done';
      await untilClosed(response);
      return;
    }
    this.#end(record, response);
  }

  async #token(record: ChatRecord, response: ServerResponse): Promise<void> {
    const { clock = systemClock, tokenMs = 0 } = this.#options;
    if (record.tokensWritten > 0) await waitMs(clock, drawnMs(tokenMs, this.#random), response);
    record.firstTokenAtMs ??= clock.nowMs();
    record.tokensWritten += 1;
  }

  /** @returns whether that was the end of it */
  async #mishap(record: ChatRecord, response: ServerResponse): Promise<boolean> {
    const { fault } = this;
    if (fault === null || !('tokens' in fault) || record.tokensWritten !== fault.tokens) {
      return false;
    }
    const { clock = systemClock } = this.#options;
    switch (fault.kind) {
      case 'hang_after':
        await untilClosed(response);
        return true;
      case 'keep_alives_after':
        while (await waitMs(clock, fault.everyMs, response)) response.write(': keep-alive\n\n');
        return true;
      case 'cut':
        // What was written is let out before.
        await writePiece(response, ': cut\n\n');
        record.state = 'done';
        response.destroy();
        return true;
      case 'end':
        this.#end(record, response);
        return true;
      case 'send':
        response.write(fault.text);
        return false;
    }
  }

  #end(record: ChatRecord, response: ServerResponse): void {
    if (!response.destroyed) record.state = 'done';
    response.end();
  }
}

function shortened(answer: ChatAnswer, { maxTokens }: ChatQuestion): ChatAnswer {
  const tokens = tokensOf(answer.text ?? '');
  if (tokens.length <= maxTokens) return answer;
  return { text: tokens.slice(0, maxTokens).join(''), finish: 'length' };
}

function promptTokens({ messages }: ChatQuestion): number {
  return messages.reduce((sum, { content }) => sum + 4 + tokensOf(content).length, 0);
}

function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  code: string | null,
  param: string | null = null,
): void {
  const type = status === 401 ? 'authentication_error' : 'invalid_request_error';
  sendJson(response, status, { error: { message, type, param, code } });
}
