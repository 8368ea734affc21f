import { z } from 'zod';
import type { AgentDefinition } from '../ports/agent.ts';
import { entryName as name } from './config-names.ts';
import type { ConfigProblem, PositionedYaml } from './problems.ts';

const filePath = z.string().min(1).max(4_096);
const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of an environment variable' });
const httpUrl = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
    error: 'must be an address that begins with http:// or https://',
  });
const days = z.int().min(1).max(36_500).nullable();

/** How an agent's calls are recorded, as the file says it. */
export const recordingSchema = z.strictObject({
  /** Nobody is recorded without somebody having said that they may be. */
  consent: z.enum(['operator', 'client'], {
    error: 'must be operator (callers were told) or client (each call says so)',
  }),
  replay: z.boolean().default(true),
  maxMinutes: z.int().min(1).max(1_440).default(240),
});

/** Where recordings lie. */
export const recordingsSchema = z
  .strictObject({
    dir: filePath.default('parley-data/recordings'),
    retentionDays: days.default(null),
    minFreeMiB: z.int().min(0).max(100_000_000).default(1_024),
    s3: z
      .strictObject({
        endpoint: httpUrl,
        bucket: z.string().min(1).max(255),
        region: z.string().min(1).max(64).default('us-east-1'),
        prefix: z
          .string()
          .max(500)
          .regex(/^(?:[\w.-]+\/)*$/, { error: 'must be empty, or end in a slash' })
          .default(''),
        accessKeyIdEnv: envName,
        secretAccessKeyEnv: envName,
      })
      .optional(),
  })
  .superRefine(({ s3, retentionDays }, context) => {
    if (s3 === undefined || retentionDays === null) return;
    const message = 'is for folders: give the bucket a lifecycle rule of so many days instead';
    context.addIssue({ code: 'custom', path: ['retentionDays'], message });
  })
  .prefault({});

const kept = {
  retentionDays: days.default(null),
  maxCalls: z.int().min(1).max(1_000_000_000).nullable().default(null),
};

/** Where finished calls are kept; absent: it depends on how the program was started. */
export const storeSchema = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('sqlite'),
      path: filePath.default('parley-data/calls.sqlite'),
      ...kept,
    }),
    z.strictObject({ type: z.literal('postgres'), urlEnv: envName, ...kept }),
    z.strictObject({ type: z.literal('memory') }),
  ])
  .optional();

/** What may be told to a webhook. */
const webhookEvents = ['call.started', 'call.finished', 'call.handover', 'tool.failed'] as const;

/** Who is told about calls. */
export const webhooksSchema = z
  .array(
    z.strictObject({
      name,
      url: httpUrl,
      secretEnv: envName,
      events: z
        .array(z.enum(webhookEvents))
        .min(1)
        .default([...webhookEvents]),
      agents: z.array(z.string().min(1)).min(1).default(['*']),
    }),
  )
  .max(20)
  .default([]);

export type StoreConfig = NonNullable<z.output<typeof storeSchema>>;
export type RecordingsConfig = z.output<typeof recordingsSchema>;
export type WebhookConfig = z.output<typeof webhooksSchema>[number];

/** What is kept of calls, where, and who is told. Names of secrets, never what they are. */
export interface KeepingConfig {
  /** `null`: the file does not say. */
  readonly store: StoreConfig | null;
  readonly recordings: RecordingsConfig;
  readonly webhooks: readonly WebhookConfig[];
}

/** Reads what is kept; webhooks of agents that there are not are a problem. */
export function readKeeping(
  yaml: PositionedYaml,
  file: {
    readonly store?: z.output<typeof storeSchema>;
    readonly recordings: RecordingsConfig;
    readonly webhooks: readonly WebhookConfig[];
  },
  agents: readonly AgentDefinition[],
  problems: ConfigProblem[],
): KeepingConfig {
  const names = new Set<string>();
  for (const [place, webhook] of file.webhooks.entries()) {
    if (names.has(webhook.name)) {
      const message = `Another webhook is already called ${JSON.stringify(webhook.name)}.`;
      problems.push(yaml.problem(['webhooks', place, 'name'], message));
    }
    names.add(webhook.name);
    for (const [index, agent] of webhook.agents.entries()) {
      if (agent === '*' || agents.some((known) => known.name === agent)) continue;
      const message = `No agent is called ${JSON.stringify(agent)}.`;
      problems.push(yaml.problem(['webhooks', place, 'agents', index], message));
    }
  }
  return { store: file.store ?? null, recordings: file.recordings, webhooks: file.webhooks };
}

/** How an agent's calls are recorded, as its entry says it. */
export function recordingOf({
  consent,
  replay,
  maxMinutes,
}: z.output<typeof recordingSchema>): NonNullable<AgentDefinition['recording']> {
  return { consent, replay, limitMs: maxMinutes * 60_000 };
}
