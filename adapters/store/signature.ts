import { createHmac } from 'node:crypto';

/**
 * Headers of a webhook as in Standard Webhooks 1.0: an id that is the same at every attempt, the
 * time of this one, and what proves that the body came from who has the secret.
 *
 * @param secret base64, with or without `whsec_` before it
 */
export function signedHeaders(
  secret: string,
  { deliveryId, body, epochMs }: { deliveryId: string; body: string; epochMs: number },
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(epochMs / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key)
    .update(`${deliveryId}.${timestamp}.${body}`)
    .digest('base64');
  return {
    'webhook-id': deliveryId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
