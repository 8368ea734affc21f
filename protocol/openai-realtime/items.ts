import { z } from 'zod';
import { clientId } from './values.ts';

const inputText = z.object({ type: z.literal('input_text'), text: z.string() });
const outputText = z.object({ type: z.literal('output_text'), text: z.string() });

const message = { type: z.literal('message'), id: clientId.optional() };

/** A message as a client writes it, by who says it. */
const clientMessage = z.discriminatedUnion('role', [
  z.object({ ...message, role: z.literal('system'), content: z.array(inputText) }),
  z.object({
    ...message,
    role: z.literal('user'),
    content: z.array(
      z.discriminatedUnion('type', [
        inputText,
        z.looseObject({ type: z.literal('input_audio') }),
        z.looseObject({ type: z.literal('input_image') }),
      ]),
    ),
  }),
  z.object({
    ...message,
    role: z.literal('assistant'),
    content: z.array(
      z.discriminatedUnion('type', [
        outputText,
        z.looseObject({ type: z.literal('output_audio') }),
      ]),
    ),
  }),
]);

const clientFunctionCall = z.object({
  type: z.literal('function_call'),
  id: clientId.optional(),
  call_id: clientId,
  name: z.string().min(1),
  arguments: z.string(),
});

const clientFunctionCallOutput = z.object({
  type: z.literal('function_call_output'),
  id: clientId.optional(),
  call_id: clientId,
  output: z.string(),
});

/** Kinds that exist on the wire and are recognised to be refused by name. */
const clientMcpItem = z.looseObject({
  type: z.enum(['mcp_list_tools', 'mcp_call', 'mcp_approval_request']),
});

const clientApproval = z.object({
  type: z.literal('mcp_approval_response'),
  id: clientId.optional(),
  approval_request_id: clientId,
  approve: z.boolean(),
  reason: z.string().nullable().optional(),
});

/** An item that a client adds to the conversation. */
export const clientItem = z.discriminatedUnion('type', [
  clientMessage,
  clientFunctionCall,
  clientFunctionCallOutput,
  clientMcpItem,
  clientApproval,
]);

/** A new item after its schema. */
export type ClientItem = z.infer<typeof clientItem>;

/** An item in a response's own context: in full, or by the id of one in the conversation. */
export const inputItem = z.discriminatedUnion('type', [
  clientMessage,
  clientFunctionCall,
  clientFunctionCallOutput,
  clientMcpItem,
  clientApproval,
  z.object({ type: z.literal('item_reference'), id: clientId }),
]);

/** An entry of a response's context after its schema. */
export type WireInputItem = z.infer<typeof inputItem>;

const itemStatus = z.enum(['in_progress', 'completed', 'incomplete']);

const serverContent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string() }),
  z.strictObject({ type: z.literal('output_text'), text: z.string() }),
  z.strictObject({
    type: z.literal('input_audio'),
    // The key is always there: stock clients fail on a caller's audio without it.
    transcript: z.string().nullable(),
    audio: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('output_audio'),
    transcript: z.string(),
    audio: z.string().optional(),
  }),
]);

/** One part of a message as the server shows it. */
export type ServerContent = z.infer<typeof serverContent>;

const server = { id: z.string(), object: z.literal('realtime.item'), status: itemStatus };

const mcpError = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('tool_execution_error'), message: z.string() }),
  z.strictObject({ type: z.literal('http_error'), code: z.number(), message: z.string() }),
  z.strictObject({ type: z.literal('protocol_error'), code: z.number(), message: z.string() }),
]);

/** Why a tool of a server brought nothing. */
export type McpError = z.infer<typeof mcpError>;

/** Items about tools that the upstream runs. */
const mcpItems = [
  z.strictObject({
    type: z.literal('mcp_list_tools'),
    id: z.string(),
    server_label: z.string(),
    tools: z.array(
      z.strictObject({
        name: z.string(),
        // Stock clients drop the whole list for a tool without one.
        description: z.string(),
        input_schema: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
  z.strictObject({
    type: z.literal('mcp_call'),
    id: z.string(),
    server_label: z.string(),
    name: z.string(),
    arguments: z.string(),
    // Stock clients fail on a call without the key.
    output: z.string().nullable(),
    error: mcpError.nullable(),
    approval_request_id: z.string().nullable(),
  }),
  z.strictObject({
    type: z.literal('mcp_approval_request'),
    id: z.string(),
    server_label: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    type: z.literal('mcp_approval_response'),
    id: z.string(),
    approval_request_id: z.string(),
    approve: z.boolean(),
    reason: z.string().nullable(),
  }),
] as const;

/** An item as the server shows it. */
export const serverItem = z.discriminatedUnion('type', [
  ...mcpItems,
  z.strictObject({
    ...server,
    type: z.literal('message'),
    role: z.enum(['system', 'user', 'assistant']),
    content: z.array(serverContent),
  }),
  z.strictObject({
    ...server,
    type: z.literal('function_call'),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    ...server,
    type: z.literal('function_call_output'),
    call_id: z.string(),
    output: z.string(),
  }),
]);

/** An item as the server shows it. */
export type ServerItem = z.infer<typeof serverItem>;
