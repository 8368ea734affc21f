import { z } from 'zod';
import { allowSchema, instructionLimit } from './config-allow.ts';
import { entryName as name } from './config-names.ts';
import { backendsSchema } from './config-routes.ts';
import { gateSchema, redactSchema } from './config-gate.ts';
import {
  recordingSchema,
  recordingsSchema,
  storeSchema,
  webhooksSchema,
} from './config-keeping.ts';
import { connectionsSchema } from './config-connections.ts';
import { handoverSchema } from './config-handover.ts';
import { agentLimitsSchema, limitsSchema, pricesSchema } from './config-spend.ts';
import { toolEntry } from './config-tools.ts';

/** Silence that ends a turn, ms, per profile. */
export const profileSilenceMs = { fast: 300, balanced: 500, patient: 900 } as const;

const filePath = z.string().min(1);

const server = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8787),
  tls: z.strictObject({ certFile: filePath, keyFile: filePath }).optional(),
  defaultAgent: name.optional(),
  allowedOrigins: z.array(z.string().min(1)).default([]),
  maxCalls: z.int().min(1).max(100_000).default(500),
  drainMs: z.int().min(0).max(3_600_000).default(60_000),
  sessionCapMs: z.int().min(100).max(86_400_000).nullable().default(3_600_000),
  idleTimeoutMs: z.int().min(100).max(86_400_000).nullable().default(1_800_000),
  faultInjection: z.boolean().default(false),
});

const key = z.strictObject({
  id: name,
  keyEnv: z.string().min(1).optional(),
  keyFile: filePath.optional(),
  agents: z.array(z.string().min(1)).default(['*']),
  maxCalls: z.int().min(1).max(100_000).optional(),
});

const turns = z.strictObject({
  profile: z.enum(['fast', 'balanced', 'patient']).optional(),
  authority: z.enum(['auto', 'gateway', 'backend']).default('auto'),
  threshold: z.number().min(0).max(1).optional(),
  prefixPaddingMs: z.int().min(0).max(5_000).optional(),
  silenceDurationMs: z.int().min(100).max(10_000).optional(),
  createResponse: z.boolean().default(true),
  interruptResponse: z.boolean().default(true),
  idleTimeoutMs: z.int().min(5_000).max(30_000).nullable().optional(),
  fillers: z.boolean().optional(),
  minResponseDelayMs: z.int().min(0).max(5_000).optional(),
  echo: z.enum(['none', 'guard', 'aec3', 'half-duplex']).optional(),
});

const agent = z.strictObject({
  instructions: z.string().max(instructionLimit).default(''),
  voice: z.string().min(1).nullable().default(null),
  backends: backendsSchema,
  aliases: z.array(z.string().min(1).max(128)).default([]),
  turns: turns.prefault({}),
  tools: z.array(toolEntry).default([]),
  playoutLeadMs: z.int().min(40).max(2_000).default(200),
  allow: allowSchema.optional(),
  /** `type` decides the rest, which the recogniser's own schema reads. */
  listener: z
    .looseObject({ type: z.string().min(1), agent: z.boolean().default(false) })
    .optional(),
  limits: agentLimitsSchema.optional(),
  handover: handoverSchema.optional(),
  gate: gateSchema.optional(),
  redact: redactSchema.optional(),
  recording: recordingSchema.optional(),
});

/** `type` decides the rest, which the backend's own schema reads. */
const backend = z.looseObject({ type: z.string().min(1) });

/** `parley.yaml` as it may be written. Backends' options are checked by their own schemas. */
export const configSchema = z.strictObject({
  server: server.prefault({}),
  auth: z.strictObject({ keys: z.array(key).max(10_000).default([]) }).prefault({}),
  backends: z.record(name, backend).default({}),
  agents: z.record(name, agent).default({}),
  connections: connectionsSchema,
  prices: pricesSchema,
  limits: limitsSchema,
  store: storeSchema,
  recordings: recordingsSchema,
  webhooks: webhooksSchema,
});

/**
 * What is sound in a configuration that is not, so that its other problems are found in the same
 * run: groups and entries that do not fit are replaced by ones that cause no problems of their own.
 */
export function salvage(data: unknown): ConfigFile {
  const agents = Object.entries(group(group(data)['agents']))
    .filter(([entryName]) => name.safeParse(entryName).success)
    .map(([entryName, entry]) => {
      const parsed = agent.safeParse(entry);
      return [entryName, parsed.success ? parsed.data : agent.parse({ backends: ['parrot'] })];
    });
  const keys = group(group(data)['auth'])['keys'];
  const parsedServer = server.safeParse(group(data)['server'] ?? {});
  return {
    server: parsedServer.success ? parsedServer.data : server.parse({}),
    auth: {
      keys: (Array.isArray(keys) ? keys : []).flatMap((entry: unknown) => {
        const parsed = key.safeParse(entry);
        return parsed.success ? [parsed.data] : [];
      }),
    },
    backends: Object.fromEntries(
      Object.entries(group(group(data)['backends'])).map(([entryName, entry]) => [
        entryName,
        backend.safeParse(entry).data ?? { type: 'unknown' },
      ]),
    ),
    agents: Object.fromEntries(agents) as ConfigFile['agents'],
    connections:
      connectionsSchema.safeParse(group(data)['connections']).data ?? connectionsSchema.parse({}),
    prices: pricesSchema.safeParse(group(data)['prices'] ?? {}).data ?? {},
    limits: limitsSchema.safeParse(group(data)['limits'] ?? {}).data ?? limitsSchema.parse({}),
    store: storeSchema.safeParse(group(data)['store']).data,
    recordings:
      recordingsSchema.safeParse(group(data)['recordings'] ?? {}).data ??
      recordingsSchema.parse({}),
    webhooks: webhooksSchema.safeParse(group(data)['webhooks'] ?? []).data ?? [],
  };
}

function group(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

export type ConfigFile = z.output<typeof configSchema>;
/** How turns of an agent are taken, as the file says it. */
export type TurnsEntry = z.output<typeof turns>;
export type AgentEntry = z.output<typeof agent>;
export type KeyEntry = z.output<typeof key>;

/** Options schemas of the backend types there are, by type. */
export type BackendSchemas = Readonly<Record<string, z.ZodType>>;
