import { redacted, redactedBeginning, RedactedText, redactedSoFar } from '../gate/redact.ts';
import { compileRule, type CompiledRule } from '../gate/rules.ts';
import type { AgentDefinition } from '../ports/agent.ts';
import type { LineExtent, LogEntry } from '../ports/events.ts';
import type { Logger } from '../ports/log.ts';

/** Fields that hold names and ids of ours, never what somebody said. */
const ownFields = new Set([
  'type',
  'seq',
  'callId',
  'lineId',
  'itemId',
  'previousItemId',
  'toolCallId',
  'requestId',
  'agent',
  'backend',
  'kind',
  'role',
  'status',
  'modality',
  'cause',
  'code',
  'rule',
  'name',
]);
/** Deepest value that is looked into; what lies deeper is left out. */
const depthLimit = 12;
/** Lines whose text is followed at once (a count); a call has few. */
const lineLimit = 64;

/**
 * Takes out of a call's log what its agent's patterns find, entry by entry and in order, for whoever
 * writes it down or shows it. Works on copies, outside of the media path.
 *
 * Text that comes in pieces is shown as far as it is settled: the last words of a line may be missing
 * among its pieces, and stand in what is said of the whole line at its end.
 */
export class LogRedaction {
  readonly #rules: readonly CompiledRule[];
  readonly #lines = new Map<string, RedactedText>();

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
  }

  entry(entry: LogEntry): LogEntry {
    const rules = this.#rules;
    if (entry.type === 'line.text') {
      return { ...entry, delta: this.#line(entry.lineId).push(entry.delta) };
    }
    if (entry.type === 'line.closed') this.#lines.delete(entry.lineId);
    if (entry.type === 'line.closed' || entry.type === 'agent.cut' || entry.type === 'line.heard') {
      return { ...redactedValue(entry, rules), extent: this.#extent(entry.extent) };
    }
    // What is not final may break off in the middle of what is to be taken out.
    const goesOn =
      entry.type === 'speculation.started' || (entry.type === 'caller.transcript' && !entry.final);
    return goesOn
      ? { ...entry, text: redactedSoFar(entry.text, rules) }
      : redactedValue(entry, rules);
  }

  #line(lineId: string): RedactedText {
    const known = this.#lines.get(lineId);
    if (known !== undefined) return known;
    const made = new RedactedText(this.#rules);
    this.#lines.set(lineId, made);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > lineLimit && oldest !== undefined) this.#lines.delete(oldest);
    return made;
  }

  #extent(extent: LineExtent): LineExtent {
    const { sentText, heardText } = extent;
    return {
      ...extent,
      sentText: redacted(sentText, this.#rules),
      heardText: redactedBeginning(heardText, sentText, this.#rules),
    };
  }
}

/**
 * What is taken out of a call with an agent, from its beginning on: what that agent has taken out, and
 * what any agent has that the call may be handed to. `null`: nothing.
 *
 * @param agents all there are
 */
export function redactionRules(
  agent: AgentDefinition,
  agents: readonly AgentDefinition[],
): readonly CompiledRule[] | null {
  const reached = new Set([agent]);
  // A set that grows is followed to its end.
  for (const { declaredTools = [] } of reached) {
    for (const tool of declaredTools) {
      if (tool.kind !== 'builtin' || tool.builtin !== 'switch_agent') continue;
      for (const other of agents) if (isChoice(other, tool.choices)) reached.add(other);
    }
  }
  const rules = [...reached].flatMap(({ redact = [] }) => redact);
  // Agents of one house often have the same.
  const each = new Map(rules.map((rule) => [JSON.stringify(rule), rule]));
  return each.size === 0 ? null : [...each.values()].map(compileRule);
}

/** @param choices names and other names; `null`: all of them */
function isChoice({ aliases, name }: AgentDefinition, choices: readonly string[] | null): boolean {
  return choices === null || [name, ...aliases].some((each) => choices.includes(each));
}

/** A logger that takes it out of every field. */
export function redactedLogger(log: Logger, rules: readonly CompiledRule[]): Logger {
  const clean = (fields?: Readonly<Record<string, unknown>>): typeof fields =>
    fields === undefined ? undefined : redactedValue(fields, rules);
  return {
    debug: (event, fields) => log.debug(event, clean(fields)),
    info: (event, fields) => log.info(event, clean(fields)),
    warn: (event, fields) => log.warn(event, clean(fields)),
    error: (event, fields) => log.error(event, clean(fields)),
  };
}

/** A copy of plain data with what the rules find taken out of its texts. */
function redactedValue<T>(value: T, rules: readonly CompiledRule[]): T {
  return walk(value, rules, 0) as T;
}

function walk(value: unknown, rules: readonly CompiledRule[], depth: number): unknown {
  if (typeof value === 'string') return redacted(value, rules);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= depthLimit) return null;
  if (value instanceof Error) return redacted(value.message, rules);
  if (Array.isArray(value)) return value.map((each) => walk(each, rules, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      ownFields.has(key) && typeof each === 'string' ? each : walk(each, rules, depth + 1),
    ]),
  );
}
