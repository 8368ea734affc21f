import { CallError } from '../ports/errors.ts';
import {
  ToolError,
  type BuiltinToolDeclaration,
  type CallActions,
  type ToolPort,
} from '../ports/tool.ts';

type Kind = BuiltinToolDeclaration['builtin'];
type Given = Readonly<Record<string, unknown>>;

interface BuiltIn {
  readonly description: string;
  /** Name of the argument that says where to; `null`: there is none. */
  readonly target: string | null;
  /** @returns the text for the model */
  readonly act: (call: CallActions, target: string, reason: string | null) => string;
}

const builtIns: Readonly<Record<Kind, BuiltIn>> = {
  end_call: {
    description:
      'Ends the call. Use it when the caller is done; say goodbye in one short sentence.',
    target: null,
    act: (call, _target, reason) => {
      call.endCall(reason);
      return (
        'The call ends as soon as your goodbye has been heard. If you have not said goodbye, do so ' +
        'now in one short sentence.'
      );
    },
  },
  transfer: {
    description: 'Hands the caller on to a person or department.',
    target: 'target',
    act: (call, target, reason) => {
      call.transfer(target, reason);
      return 'The transfer was asked for. Tell the caller that they are being connected.';
    },
  },
  switch_agent: {
    description: 'Lets another agent take over the conversation.',
    target: 'agent',
    act: (call, target) => {
      call.switchAgent(target);
      return 'The other agent has taken over: you have new instructions from here on.';
    },
  },
  set_disposition: {
    description:
      'Writes down what this call came to. Use it once that is clear, and again if it changes.',
    target: 'disposition',
    act: (call, target, reason) => {
      call.setDisposition(target, reason);
      return 'It is written down.';
    },
  },
  switch_backend: {
    description: 'Moves the call to another backend.',
    target: 'backend',
    act: (call, target) => {
      call.switchBackend(target);
      return 'The call moves at the next pause. Say in one short sentence that you go on.';
    },
  },
};

const reasonSchema = { type: 'string', description: 'Why, in a few words.', maxLength: 500 };

/** A tool that acts on its call. Its arguments are checked before it runs. */
export function builtInTool(declaration: BuiltinToolDeclaration): ToolPort {
  const { builtin, description, choices, deadlineMs, manner } = declaration;
  const { target, act, description: usual } = builtIns[builtin];
  const targetSchema =
    choices === null ? { type: 'string', minLength: 1, maxLength: 200 } : { enum: choices };
  return {
    definition: {
      name: builtin,
      description: description ?? usual,
      parameters: {
        type: 'object',
        properties: {
          ...(target === null ? {} : { [target]: targetSchema }),
          reason: reasonSchema,
        },
        required: target === null ? [] : [target],
        additionalProperties: false,
      },
    },
    deadlineMs,
    // It acts at once: there is nothing to wait for with words.
    manner: { ...manner, mode: 'blocking', preamble: null, fillers: [] },
    run: ({ arguments: text, call }) => {
      const given = JSON.parse(text === '' ? '{}' : text) as Given;
      const reason = typeof given['reason'] === 'string' ? given['reason'] : null;
      const where = target === null ? '' : String(given[target]);
      return Promise.try(() => act(call, where, reason)).catch((thrown: unknown) => {
        if (!(thrown instanceof CallError)) throw thrown;
        throw new ToolError(thrown.message, { refused: true, cause: thrown });
      });
    },
  };
}
