/** An event as it came from the server; nothing but its type is relied on before it is checked. */
export interface OrderedEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

interface OpenItem {
  readonly index: number;
  readonly kind: 'message' | 'function_call';
  /** It came with `conversation.item.added`. */
  inConversation: boolean;
  parts: number;
  partType: 'audio' | 'text' | null;
  partDone: boolean;
  audioDone: boolean;
  textDone: boolean;
  argumentsDone: boolean;
  text: string;
  done: boolean;
  conversationDone: boolean;
}

interface OpenResponse {
  readonly id: string;
  /** `false` out of band. */
  readonly inConversation: boolean;
  readonly items: Map<string, OpenItem>;
}

interface Speech {
  stopped: boolean;
  committed: boolean;
  readonly startMs: number;
}

type Step = (event: OrderedEvent) => void;

/**
 * Checks the documented order of the Realtime API's server events over a whole session. Gives one
 * sentence for each violation, with the event's place in the list; an empty list is conformance.
 *
 * Covered: session first; a detected turn (speech_started, speech_stopped, committed, item added,
 * item done); a response (created, output_item.added, conversation.item.added, content_part.added,
 * deltas, the `.done` events inside out, response.done last); function calls; responses out of
 * band; one response in the conversation at a time; nothing about what is over.
 *
 * @param complete whether the session was left in peace: then nothing may be open at its end
 */
export function orderViolations(
  events: readonly OrderedEvent[],
  { complete = true }: { readonly complete?: boolean } = {},
): string[] {
  const check = new OrderCheck();
  for (const event of events) check.push(event);
  if (complete) check.end();
  return check.violations;
}

class OrderCheck {
  readonly violations: string[] = [];
  readonly #eventIds = new Set<string>();
  readonly #responses = new Map<string, OpenResponse>();
  readonly #finished = new Set<string>();
  readonly #speeches = new Map<string, Speech>();
  readonly #known = new Map<string, 'added' | 'done'>();
  #at = 0;
  #type = '';
  /** What must come next, after an event that is never alone. */
  #next: { readonly type: string; readonly itemId: string } | null = null;

  readonly #steps: Readonly<Record<string, Step>> = {
    'input_audio_buffer.speech_started': (event) => this.#speechStarted(event),
    'input_audio_buffer.speech_stopped': (event) => this.#speechStopped(event),
    'input_audio_buffer.committed': (event) => this.#committed(event),
    'conversation.item.added': (event) => this.#itemAdded(event),
    'conversation.item.done': (event) => this.#itemDone(event),
    'conversation.item.truncated': (event) => this.#isKnown(text(event['item_id'])),
    'conversation.item.deleted': (event) => this.#known.delete(text(event['item_id'])),
    'response.created': (event) => this.#created(object(event['response'])),
    'response.output_item.added': (event) => this.#outputAdded(event),
    'response.content_part.added': (event) => this.#partAdded(event),
    'response.output_audio.delta': (event) => this.#audioDelta(event),
    'response.output_audio.done': (event) => this.#audioDone(event),
    'response.output_audio_transcript.delta': (event) => this.#textDelta(event, 'audio'),
    'response.output_audio_transcript.done': (event) => this.#textDone(event, 'audio'),
    'response.output_text.delta': (event) => this.#textDelta(event, 'text'),
    'response.output_text.done': (event) => this.#textDone(event, 'text'),
    'response.content_part.done': (event) => this.#partDone(event),
    'response.function_call_arguments.delta': (event) => this.#argumentsDelta(event),
    'response.function_call_arguments.done': (event) => this.#argumentsDone(event),
    'response.output_item.done': (event) => this.#outputDone(event),
    'response.done': (event) => this.#done(object(event['response'])),
  };

  push(event: OrderedEvent): void {
    this.#type = event.type;
    if (this.#at === 0 && event.type !== 'session.created') this.#wrong('is not session.created');
    if (this.#at > 0 && event.type === 'session.created') this.#wrong('comes a second time');
    const eventId = text(event['event_id']);
    if (eventId === '') this.#wrong('has no event_id');
    else if (this.#eventIds.has(eventId)) this.#wrong(`repeats the event_id ${eventId}`);
    this.#eventIds.add(eventId);
    this.#expectNext(event);
    this.#steps[event.type]?.(event);
    this.#at += 1;
  }

  end(): void {
    this.#type = 'the end';
    if (this.#next !== null) this.#wrong(`comes instead of ${this.#next.type}`);
    for (const { id } of this.#responses.values()) this.#wrong(`comes before ${id} is done`);
    for (const [itemId, speech] of this.#speeches) {
      if (!speech.committed) this.#wrong(`comes before speech ${itemId} is committed`);
    }
  }

  #wrong(what: string): void {
    this.violations.push(`#${this.#at} ${this.#type} ${what}`);
  }

  #demand(holds: boolean, what: string): void {
    if (!holds) this.#wrong(what);
  }

  /** `committed` → `item.added` → `item.done` stand together. */
  #expectNext(event: OrderedEvent): void {
    const expected = this.#next;
    if (expected === null) return;
    // Answers to the client's own requests and audio of a running answer may come in between.
    const itemId = text(object(event['item'])['id']);
    if (event.type === expected.type && itemId === expected.itemId) {
      this.#next =
        event.type === 'conversation.item.added'
          ? { type: 'conversation.item.done', itemId: expected.itemId }
          : null;
    } else if (['response.created', 'input_audio_buffer.committed'].includes(event.type)) {
      this.#wrong(`comes before ${expected.type} of ${expected.itemId}`);
      this.#next = null;
    }
  }

  #speechStarted(event: OrderedEvent): void {
    const itemId = text(event['item_id']);
    this.#demand(itemId !== '', 'has no item_id');
    this.#demand(!this.#speeches.has(itemId), `comes twice for ${itemId}`);
    for (const [other, speech] of this.#speeches) {
      const over = speech.committed || speech.stopped;
      this.#demand(over, `comes while ${other} is still speaking`);
    }
    const startMs = number(event['audio_start_ms']);
    this.#demand(startMs >= 0, 'has no audio_start_ms');
    this.#speeches.set(itemId, { stopped: false, committed: false, startMs });
  }

  #speechStopped(event: OrderedEvent): void {
    const itemId = text(event['item_id']);
    const speech = this.#speeches.get(itemId);
    if (speech === undefined) {
      this.#wrong(`comes without speech_started of ${itemId}`);
      return;
    }
    this.#demand(!speech.stopped, `comes twice for ${itemId}`);
    this.#demand(!speech.committed, `comes after ${itemId} was committed`);
    this.#demand(number(event['audio_end_ms']) > speech.startMs, 'ends before it started');
    speech.stopped = true;
  }

  #committed(event: OrderedEvent): void {
    const itemId = text(event['item_id']);
    const speech = this.#speeches.get(itemId);
    if (speech !== undefined) {
      this.#demand(!speech.committed, `comes twice for ${itemId}`);
      speech.committed = true;
    }
    this.#demand(!this.#known.has(itemId), `is about ${itemId}, which is already an item`);
    this.#next = { type: 'conversation.item.added', itemId };
  }

  #itemAdded(event: OrderedEvent): void {
    const item = object(event['item']);
    const itemId = text(item['id']);
    this.#demand(!this.#known.has(itemId), `comes twice for ${itemId}`);
    const previous = event['previous_item_id'];
    this.#demand(previous !== undefined, 'has no previous_item_id');
    if (typeof previous === 'string') this.#isKnown(previous);
    this.#known.set(itemId, 'added');
    const open = this.#openItem(itemId);
    if (open === null) return;
    this.#demand(open.response.inConversation, 'is about an item out of band');
    this.#demand(open.item.parts === 0, 'comes after content_part.added');
    this.#demand(item['status'] === 'in_progress', 'has an item that is not in_progress');
    open.item.inConversation = true;
  }

  #itemDone(event: OrderedEvent): void {
    const itemId = text(object(event['item'])['id']);
    const state = this.#known.get(itemId);
    this.#demand(state === 'added', `does not follow conversation.item.added of ${itemId}`);
    this.#known.set(itemId, 'done');
    const open = this.#openItem(itemId);
    if (open === null) return;
    this.#demand(open.item.partDone || open.item.parts === 0, 'comes before content_part.done');
    open.item.conversationDone = true;
  }

  #created(response: Readonly<Record<string, unknown>>): void {
    const id = text(response['id']);
    const inConversation = response['conversation_id'] !== null;
    this.#demand(id !== '', 'has no id');
    this.#demand(!this.#responses.has(id) && !this.#finished.has(id), `comes twice for ${id}`);
    this.#demand(response['status'] === 'in_progress', 'is not in_progress');
    const { output } = response;
    this.#demand(Array.isArray(output) && output.length === 0, 'has output already');
    const other = [...this.#responses.values()].find((open) => open.inConversation);
    if (inConversation && other !== undefined) this.#wrong(`comes while ${other.id} is open`);
    this.#responses.set(id, { id, inConversation, items: new Map() });
  }

  #outputAdded(event: OrderedEvent): void {
    const response = this.#response(event);
    const item = object(event['item']);
    if (response === null) return;
    const index = number(event['output_index']);
    this.#demand(index === response.items.size, `has output_index ${index}`);
    this.#demand(item['status'] === 'in_progress', 'has an item that is not in_progress');
    const kind = item['type'] === 'function_call' ? 'function_call' : 'message';
    if (kind === 'message') {
      this.#demand(Array.isArray(item['content']), 'has a message without content');
    }
    response.items.set(text(item['id']), {
      index,
      kind,
      inConversation: false,
      parts: 0,
      partType: null,
      partDone: false,
      audioDone: false,
      textDone: false,
      argumentsDone: false,
      text: '',
      done: false,
      conversationDone: false,
    });
  }

  #partAdded(event: OrderedEvent): void {
    const found = this.#item(event);
    if (found === null) return;
    const { item, response } = found;
    const { type } = object(event['part']);
    this.#demand(type === 'audio' || type === 'text', `has a part of type ${String(type)}`);
    this.#demand(
      item.inConversation === response.inConversation,
      'comes before conversation.item.added',
    );
    this.#demand(event['content_index'] === item.parts, 'has another content_index');
    item.parts += 1;
    item.partType = type === 'text' ? 'text' : 'audio';
  }

  #audioDelta(event: OrderedEvent): void {
    const found = this.#part(event, 'audio');
    if (found === null) return;
    this.#demand(!found.item.audioDone, 'comes after output_audio.done');
    const bytes = Buffer.from(text(event['delta']), 'base64').length;
    this.#demand(bytes > 0 && bytes % 2 === 0, `holds ${bytes} bytes`);
  }

  #audioDone(event: OrderedEvent): void {
    const found = this.#part(event, 'audio');
    if (found === null) return;
    this.#demand(!found.item.audioDone, 'comes twice');
    found.item.audioDone = true;
  }

  #textDelta(event: OrderedEvent, partType: 'audio' | 'text'): void {
    const found = this.#part(event, partType);
    if (found === null) return;
    this.#demand(!found.item.textDone, 'comes after its done');
    found.item.text += text(event['delta']);
  }

  #textDone(event: OrderedEvent, partType: 'audio' | 'text'): void {
    const found = this.#part(event, partType);
    if (found === null) return;
    this.#demand(!found.item.textDone, 'comes twice');
    const whole = text(event[partType === 'text' ? 'text' : 'transcript']);
    this.#demand(whole === found.item.text, 'is not the sum of its deltas');
    found.item.textDone = true;
  }

  #partDone(event: OrderedEvent): void {
    const found = this.#item(event);
    if (found === null) return;
    const { item } = found;
    this.#demand(item.parts > 0, 'comes before content_part.added');
    this.#demand(!item.partDone, 'comes twice');
    if (item.partType === 'audio') this.#demand(item.audioDone, 'comes before output_audio.done');
    this.#demand(item.textDone, 'comes before the done of its text');
    item.partDone = true;
  }

  #argumentsDelta(event: OrderedEvent): void {
    const found = this.#item(event);
    if (found === null) return;
    this.#demand(!found.item.argumentsDone, 'comes after arguments.done');
    found.item.text += text(event['delta']);
  }

  #argumentsDone(event: OrderedEvent): void {
    const found = this.#item(event);
    if (found === null) return;
    this.#demand(text(event['arguments']) === found.item.text, 'is not the sum of its deltas');
    found.item.argumentsDone = true;
  }

  #outputDone(event: OrderedEvent): void {
    const item = object(event['item']);
    const found = this.#item({ ...event, item_id: item['id'] });
    if (found === null) return;
    const { item: open } = found;
    this.#demand(number(event['output_index']) === open.index, 'has another output_index');
    if (open.kind === 'function_call') {
      this.#demand(open.argumentsDone, 'comes before arguments.done');
      this.#demand(text(item['arguments']) === open.text, 'has other arguments');
    } else {
      this.#demand(open.parts === 0 || open.partDone, 'comes before content_part.done');
    }
    this.#demand(item['status'] !== 'in_progress', 'has an item in_progress');
    open.done = true;
  }

  #done(response: Readonly<Record<string, unknown>>): void {
    const id = text(response['id']);
    const open = this.#responses.get(id);
    if (open === undefined) {
      this.#wrong(`is about ${id}, which is not open`);
      return;
    }
    const { status } = response;
    this.#demand(status !== 'in_progress', 'is in_progress');
    const output = Array.isArray(response['output']) ? (response['output'] as unknown[]) : [];
    const listed = output.map((item) => text(object(item)['id']));
    this.#demand(
      listed.join() === [...open.items.keys()].join(),
      `lists the items ${listed.join()}`,
    );
    for (const [itemId, item] of open.items) {
      this.#demand(item.done, `comes before output_item.done of ${itemId}`);
      if (open.inConversation) {
        this.#demand(item.conversationDone, `comes before conversation.item.done of ${itemId}`);
      }
    }
    if (status === 'cancelled') {
      const { reason } = object(response['status_details']);
      this.#demand(typeof reason === 'string', 'is cancelled without a reason');
    }
    this.#responses.delete(id);
    this.#finished.add(id);
  }

  #response(event: OrderedEvent): OpenResponse | null {
    const id = text(event['response_id']);
    const open = this.#responses.get(id);
    if (open === undefined) this.#wrong(`is about response ${id}, which is not open`);
    return open ?? null;
  }

  #item(event: OrderedEvent): { response: OpenResponse; item: OpenItem } | null {
    const response = this.#response(event);
    if (response === null) return null;
    const itemId = text(event['item_id']);
    const item = response.items.get(itemId);
    if (item === undefined) this.#wrong(`comes before output_item.added of ${itemId}`);
    else if (item.done) this.#wrong(`comes after output_item.done of ${itemId}`);
    return item === undefined ? null : { response, item };
  }

  #part(
    event: OrderedEvent,
    partType: 'audio' | 'text',
  ): { response: OpenResponse; item: OpenItem } | null {
    const found = this.#item(event);
    if (found === null) return null;
    const { item } = found;
    this.#demand(typeof event['content_index'] === 'number', 'has no content_index');
    this.#demand(item.parts > 0, 'comes before content_part.added');
    this.#demand(item.parts === 0 || item.partType === partType, `is about a ${partType} part`);
    this.#demand(!item.partDone, 'comes after content_part.done');
    return found;
  }

  #openItem(itemId: string): { response: OpenResponse; item: OpenItem } | null {
    for (const response of this.#responses.values()) {
      const item = response.items.get(itemId);
      if (item !== undefined) return { response, item };
    }
    return null;
  }

  #isKnown(itemId: string): void {
    this.#demand(this.#known.has(itemId), `names ${itemId}, which nobody added`);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
