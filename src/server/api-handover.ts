import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CallError } from '../ports/errors.ts';
import type { CommandResult } from '../ports/client.ts';
import type { Caller } from './auth.ts';

export interface HandoverApiOptions {
  /** Sends a running call to another backend; `null`: no such call runs. */
  readonly handOver: (callId: string, to: string | null) => CommandResult | null;
  /** @throws CallError when the request may not look */
  readonly callerOf: (request: FastifyRequest) => Caller;
}

interface HandoverRequest {
  readonly Params: { readonly id: string };
  readonly Querystring: { readonly to?: string };
}

/** An operator's command: a call goes over to another backend at its next pause. */
export function addHandoverApi(app: FastifyInstance, options: HandoverApiOptions): void {
  app.post<HandoverRequest>('/api/calls/:id/handover', async (request, reply) => {
    // Who may use every agent runs the house.
    if (!options.callerOf(request).agents.includes('*')) {
      throw new CallError('agent_forbidden', 'Only a key for all agents may hand calls over.');
    }
    const result = options.handOver(request.params.id, request.query.to ?? null);
    if (result === null) throw new CallError('not_found', 'No call of that id runs.');
    if (!result.ok) throw result.error;
    await reply.code(202).send({});
  });
}
