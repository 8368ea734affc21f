import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CallError } from '../ports/errors.ts';
import type { CommandResult } from '../ports/client.ts';
import type { Logger } from '../ports/log.ts';
import type { AgentScope } from '../routing/agents.ts';
import type { Caller } from './auth.ts';

/** What an operator may do with a running call. `null`: no such call runs. */
export interface OperatorCommands {
  /** Sends it to another backend at its next pause; `to` is `null`: the first that is not in use. */
  readonly handOver: (callId: string, to: string | null) => CommandResult | null;
  /** Takes its backend for dead, at once. */
  readonly breakBackend: (callId: string) => CommandResult | null;
}

export interface OperatorApiOptions {
  readonly commands: OperatorCommands;
  /** Whether the configuration lets operators make backends fail; asked at every request. */
  readonly faultInjection: () => boolean;
  readonly log: Logger;
  /** @throws CallError when the request may not look */
  readonly callerOf: (request: FastifyRequest) => Caller;
}

interface HandoverRequest {
  readonly Params: { readonly id: string };
  readonly Querystring: { readonly to?: string };
}

/** Who may use every agent runs the house. */
export function isOperator(scope: AgentScope): boolean {
  return scope.includes('*');
}

/** An operator's commands to running calls. Each is logged with the id of the key that gave it. */
export function addOperatorApi(app: FastifyInstance, options: OperatorApiOptions): void {
  const { commands, callerOf, faultInjection, log } = options;
  const operatorOf = (request: FastifyRequest): Caller => {
    const caller = callerOf(request);
    if (isOperator(caller.agents)) return caller;
    throw new CallError('agent_forbidden', 'Only a key for all agents may do that.');
  };
  const done = (result: CommandResult | null): void => {
    if (result === null) throw new CallError('not_found', 'No call of that id runs.');
    if (!result.ok) throw result.error;
  };

  app.post<HandoverRequest>('/api/calls/:id/handover', async (request, reply) => {
    const { keyId } = operatorOf(request);
    const { id } = request.params;
    const to = request.query.to ?? null;
    done(commands.handOver(id, to));
    log.info('operator.handover', { callId: id, keyId, to });
    await reply.code(202).send({});
  });

  app.post<{ Params: { readonly id: string } }>(
    '/api/calls/:id/break-backend',
    async (request, reply) => {
      const { keyId } = operatorOf(request);
      if (!faultInjection()) {
        const message = 'Backends are made to fail only where server.faultInjection is true.';
        throw new CallError('agent_forbidden', message);
      }
      const { id } = request.params;
      done(commands.breakBackend(id));
      log.warn('operator.backend_broken', { callId: id, keyId });
      await reply.code(202).send({});
    },
  );
}
