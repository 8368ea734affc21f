import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { ToolError, type ToolPort } from '../ports/tool.ts';
import { withRun } from './with-run.ts';

/** Faults of one set of arguments that are told (a count). */
const toldLimit = 5;
/** Longest arguments that are looked at, characters. */
const argumentsLimit = 65_536;

/**
 * A tool whose arguments are validated against its schema before it runs. What is wrong goes back to
 * the model in words: which field, and what was expected.
 *
 * @throws Error when the schema is none
 */
export function checkedTool(tool: ToolPort): ToolPort {
  const { parameters } = tool.definition;
  const validate = parameters === null ? null : compiled(parameters);
  return withRun(tool, async (invocation, signal) => {
    const value = parsed(invocation.arguments);
    if (validate !== null && !validate(value)) {
      throw new ToolError(faultsOf(validate.errors ?? []), { refused: true });
    }
    return tool.run({ ...invocation, arguments: JSON.stringify(value) }, signal);
  });
}

/** Whether a schema can be compiled. @returns what is wrong, or `null` */
export function schemaFault(parameters: Readonly<Record<string, unknown>>): string | null {
  try {
    compiled(parameters);
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'it cannot be read';
  }
}

function compiled(parameters: Readonly<Record<string, unknown>>): ValidateFunction {
  // A schema names its dialect by address; nothing is fetched, and unknown words change nothing.
  const schema = Object.fromEntries(
    Object.entries(parameters).filter(([key]) => key !== '$schema' && key !== '$id'),
  );
  return new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false }).compile(
    schema,
  );
}

function parsed(text: string): unknown {
  if (text.length > argumentsLimit) {
    throw new ToolError(`its arguments are longer than ${argumentsLimit} characters`, {
      refused: true,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text.trim() === '' ? '{}' : text);
  } catch {
    throw new ToolError('its arguments are not valid JSON', { refused: true });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ToolError('its arguments must be a JSON object', { refused: true });
  }
  return value;
}

function faultsOf(errors: readonly ErrorObject[]): string {
  const told = [...new Set(errors.map(faultOf))];
  const more = told.length > toldLimit ? ` And ${told.length - toldLimit} more.` : '';
  return `its arguments are wrong. ${told.slice(0, toldLimit).join(' ')}${more}`;
}

function faultOf({ instancePath, keyword, message = 'is wrong', params }: ErrorObject): string {
  const field = instancePath.slice(1).replaceAll('/', '.');
  const subject = field === '' ? 'The arguments' : `"${field}"`;
  const of = params as Readonly<Record<string, unknown>>;
  switch (keyword) {
    case 'required':
      return `"${[field, String(of['missingProperty'])].filter(Boolean).join('.')}" is missing.`;
    case 'additionalProperties':
      return `"${[field, String(of['additionalProperty'])].filter(Boolean).join('.')}" is not known.`;
    case 'enum':
      return `${subject} must be one of ${JSON.stringify(of['allowedValues'])}.`;
    default:
      return `${subject} ${message}.`;
  }
}
