import { z } from 'zod';
import type { AgentDefinition, DailyWindow, RouteRule } from '../ports/agent.ts';
import { isZone } from '../routing/daily-window.ts';
import { entryName } from './config-names.ts';
import type { ConfigProblem, PathStep, PositionedYaml } from './problems.ts';
import { suggestion } from './suggestion.ts';

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const order = z.array(z.string().min(1)).min(1).max(32);

const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, {
  error: 'must be a time of day such as "08:30"',
});

const window = z.strictObject({
  from: timeOfDay.default('00:00'),
  to: timeOfDay.default('00:00'),
  zone: z.string().min(1).refine(isZone, {
    error: 'must be a time zone such as Europe/Berlin or UTC',
  }),
  days: z
    .array(z.enum(dayNames))
    .min(1)
    .default([...dayNames]),
});

const language = z.string().regex(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,6}$/, {
  error: 'must be a language tag such as de or pt-BR',
});

const arm = z.strictObject({
  name: entryName,
  weight: z.number().positive().max(1_000_000).default(1),
  use: order,
});

const rule = z.strictObject({
  name: entryName.optional(),
  when: z
    .strictObject({
      keys: z.array(entryName).min(1).optional(),
      languages: z.array(language).min(1).optional(),
      time: window.optional(),
    })
    .prefault({}),
  use: order.optional(),
  split: z.array(arm).min(2).max(32).optional(),
});

/** The backends of an agent: an order, or one with rules that know better for some calls. */
export const backendsSchema = z.union(
  [order, z.strictObject({ order, rules: z.array(rule).max(100).default([]) })],
  { error: 'must be a list of backends, or a group with order and rules' },
);

type BackendsEntry = z.output<typeof backendsSchema>;
type RuleEntry = z.output<typeof rule>;

/** An agent's backends as the choice wants them. */
export function routesOf(entry: BackendsEntry): Pick<AgentDefinition, 'backends' | 'rules'> {
  if (Array.isArray(entry)) return { backends: entry };
  if (entry.rules.length === 0) return { backends: entry.order };
  return { backends: entry.order, rules: entry.rules.map(ruleOf) };
}

function ruleOf(entry: RuleEntry, place: number): RouteRule {
  const { keys, languages, time } = entry.when;
  const name = nameOf(entry, place);
  return {
    name,
    when: {
      ...(keys === undefined ? {} : { keys }),
      ...(languages === undefined ? {} : { languages }),
      ...(time === undefined ? {} : { time: windowOf(time) }),
    },
    arms: entry.split?.map(({ name: arm, weight, use }) => ({
      name: arm,
      weight,
      backends: use,
    })) ?? [{ name, weight: 1, backends: entry.use ?? [] }],
  };
}

function nameOf({ name }: RuleEntry, place: number): string {
  return name ?? `rule-${place + 1}`;
}

function windowOf({ from, to, zone, days }: z.output<typeof window>): DailyWindow {
  return {
    fromMinute: minuteOf(from),
    toMinute: minuteOf(to),
    zone,
    days: days.map((day) => dayNames.indexOf(day)),
  };
}

function minuteOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

/** What an agent's backends are checked against. */
export interface RouteNames {
  readonly backends: readonly string[];
  /** Ids of keys. */
  readonly keys: readonly string[];
}

/** Finds what an agent's backends and rules name and is not there, or name twice. */
export function checkRoutes(
  yaml: PositionedYaml,
  path: readonly PathStep[],
  entry: BackendsEntry,
  names: RouteNames,
  problems: ConfigProblem[],
): void {
  const add = (at: readonly PathStep[], message: string): void => {
    problems.push(yaml.problem([...path, ...at], message));
  };
  const listed = (at: readonly PathStep[], list: readonly string[]): void => {
    for (const [place, backend] of list.entries()) {
      if (!names.backends.includes(backend)) {
        const choice =
          suggestion(backend, names.backends) || ` There are: ${names.backends.join(', ')}.`;
        add([...at, place], `No backend is called ${JSON.stringify(backend)}.${choice}`);
      } else if (list.indexOf(backend) !== place) {
        add([...at, place], `${JSON.stringify(backend)} is listed twice.`);
      }
    }
  };
  if (Array.isArray(entry)) {
    listed([], entry);
    return;
  }
  listed(['order'], entry.order);
  const taken = new Set<string>();
  for (const [place, one] of entry.rules.entries()) {
    const at = ['rules', place];
    const name = nameOf(one, place);
    if (taken.has(name)) {
      add(one.name === undefined ? at : [...at, 'name'], `Another rule is called ${name}.`);
    }
    taken.add(name);
    if ((one.use === undefined) === (one.split === undefined)) {
      add(at, 'A rule needs either use or split.');
    }
    if (one.split !== undefined && one.name === undefined) {
      add(at, 'A rule with split needs a name: callers keep their side as long as it stays.');
    }
    listed([...at, 'use'], one.use ?? []);
    const arms = new Set<string>();
    for (const [index, { name: armName, use }] of (one.split ?? []).entries()) {
      if (arms.has(armName)) {
        add([...at, 'split', index, 'name'], `Another arm is called ${armName}.`);
      }
      arms.add(armName);
      listed([...at, 'split', index, 'use'], use);
    }
    for (const [index, key] of (one.when.keys ?? []).entries()) {
      if (names.keys.includes(key)) continue;
      add(
        [...at, 'when', 'keys', index],
        `No key is called ${JSON.stringify(key)}.${suggestion(key, names.keys)}`,
      );
    }
  }
}
