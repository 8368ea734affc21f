import { resolve } from 'node:path';
import { RecordingThread } from '../../adapters/recordings/recording-thread.ts';
import { StoreThread } from '../../adapters/store/store-thread.ts';
import type { Logger } from '../ports/log.ts';
import type { RecordingPort } from '../ports/recording.ts';
import type { StorePort } from '../ports/store.ts';
import type { KeepingConfig, StoreConfig, WebhookConfig } from '../server/config-keeping.ts';
import type { Clock } from '../time/clock.ts';

export interface KeepingSurroundings {
  /** Folder in which relative paths start. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a served configuration file keeps calls in when it does not say. */
export const usualStore: StoreConfig = {
  type: 'sqlite',
  path: 'parley-data/calls.sqlite',
  retentionDays: null,
  maxCalls: null,
};

const mebibyte = 1024 * 1024;

/**
 * Makes the store of finished calls; `null`: memory does.
 *
 * @throws Error naming the environment variable that is not set
 */
export function storeOf(
  { store, webhooks }: KeepingConfig,
  { folder, env, clock, log }: KeepingSurroundings,
): StorePort | null {
  const endpoints = webhooks.map((webhook) => endpointOf(webhook, env));
  const inMemory = store === null || store.type === 'memory';
  if (inMemory && endpoints.length === 0) return null;
  const kept = inMemory
    ? // Webhooks are repeated from a store, if only for as long as the process lives.
      { retentionDays: null, maxCalls: 1_000 }
    : { retentionDays: store.retentionDays, maxCalls: store.maxCalls };
  return new StoreThread({
    database: databaseOf(store, folder, env),
    endpoints,
    ...kept,
    clock,
    log,
  });
}

/** Makes what keeps recordings. @throws Error naming the environment variable that is not set */
export function recordingsOf(
  { recordings }: KeepingConfig,
  { folder, env, clock, log }: KeepingSurroundings,
): RecordingPort {
  const { dir, retentionDays, minFreeMiB, s3 } = recordings;
  return new RecordingThread({
    folder: resolve(folder, dir),
    retentionDays,
    minFreeBytes: minFreeMiB * mebibyte,
    s3:
      s3 === undefined
        ? null
        : {
            endpoint: s3.endpoint,
            bucket: s3.bucket,
            region: s3.region,
            prefix: s3.prefix,
            accessKeyId: secretOf(s3.accessKeyIdEnv, env),
            secretAccessKey: secretOf(s3.secretAccessKeyEnv, env),
          },
    clock,
    log,
  });
}

function databaseOf(
  store: StoreConfig | null,
  folder: string,
  env: KeepingSurroundings['env'],
): ConstructorParameters<typeof StoreThread>[0]['database'] {
  switch (store?.type) {
    case 'postgres':
      return { kind: 'postgres', url: secretOf(store.urlEnv, env) };
    case 'sqlite':
      return { kind: 'sqlite', path: resolve(folder, store.path) };
    case 'memory':
    case undefined:
      return { kind: 'sqlite', path: ':memory:' };
  }
}

function endpointOf(
  { name, url, secretEnv }: WebhookConfig,
  env: KeepingSurroundings['env'],
): { readonly name: string; readonly url: string; readonly secret: string } {
  const secret = secretOf(secretEnv, env);
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64').byteLength;
  if (bytes < 24) throw new Error(`${secretEnv} must hold at least 24 bytes as base64`);
  return { name, url, secret };
}

function secretOf(name: string, env: KeepingSurroundings['env']): string {
  const secret = env[name]?.trim() ?? '';
  if (secret === '') throw new Error(`the environment variable ${name} is not set`);
  return secret;
}
