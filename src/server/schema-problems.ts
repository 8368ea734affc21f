import { z } from 'zod';
import { pathText, type ConfigProblem, type PathStep, type PositionedYaml } from './problems.ts';
import { suggestion } from './suggestion.ts';

type Issue = z.core.$ZodIssue;

/**
 * Turns what a schema found into sentences at their places.
 *
 * @param prefix where in the file the checked data stands
 */
export function schemaProblems(
  yaml: PositionedYaml,
  schema: z.ZodType,
  error: z.ZodError,
  prefix: readonly PathStep[] = [],
): ConfigProblem[] {
  return error.issues.flatMap((issue) => issueProblems(yaml, schema, issue, prefix));
}

function issueProblems(
  yaml: PositionedYaml,
  schema: z.ZodType,
  issue: Issue,
  prefix: readonly PathStep[],
): ConfigProblem[] {
  const inside = stepsOf(issue.path);
  const path = [...prefix, ...inside];
  const subject = pathText(path) || 'The configuration';
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, inside, issue.input);
      return issue.keys.map((key) =>
        yaml.problem([...path, key], unknownKey(key, known), { atKey: true }),
      );
    }
    case 'invalid_type':
      return [yaml.problem(path, typeSentence(subject, issue))];
    case 'invalid_value':
      return [yaml.problem(path, valueSentence(subject, issue))];
    case 'too_small':
    case 'too_big':
      return [yaml.problem(path, boundSentence(subject, issue))];
    case 'invalid_key': {
      const why = issue.issues[0]?.message ?? 'is not a valid name';
      return [
        yaml.problem(path, `The name ${JSON.stringify(inside.at(-1))} ${why}.`, { atKey: true }),
      ];
    }
    case 'invalid_union':
      return unionProblems(yaml, schema, issue, prefix);
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
      return [yaml.problem(path, `${subject} ${plain(issue.message)}.`)];
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  if (/^(?:api_?key|key|secret|token|password)$/i.test(key)) {
    return (
      `${JSON.stringify(key)} would put a secret into the file. Give a reference instead: ` +
      `"${key}Env" names an environment variable, "${key}File" a file.`
    );
  }
  const near = suggestion(key, known);
  const choice = near !== '' || known.length === 0 ? near : ` Known here: ${known.join(', ')}.`;
  return `${JSON.stringify(key)} is not known here.${choice}`;
}

function typeSentence(subject: string, issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const expected = typeWords[issue.expected] ?? issue.expected;
  if (issue.input === undefined && issue.message.includes('received undefined')) {
    return `${subject} is missing: it must be ${expected}.`;
  }
  return `${subject} must be ${expected}.`;
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of settings',
  record: 'a group of names',
};

function valueSentence(subject: string, issue: Extract<Issue, { code: 'invalid_value' }>): string {
  const values = issue.values.map(String);
  const near = typeof issue.input === 'string' ? suggestion(issue.input, values) : '';
  return `${subject} must be ${values.length === 1 ? values[0]! : `one of ${values.join(', ')}`}.${near}`;
}

function boundSentence(
  subject: string,
  issue: Extract<Issue, { code: 'too_small' | 'too_big' }>,
): string {
  const small = issue.code === 'too_small';
  const bound = String(small ? issue.minimum : issue.maximum);
  switch (issue.origin) {
    case 'string':
      if (small && bound === '1') return `${subject} must not be empty.`;
      return `${subject} must have at ${small ? 'least' : 'most'} ${bound} characters.`;
    case 'array':
    case 'set':
    case 'map':
    case 'file':
      if (small && bound === '1') return `${subject} must have at least one entry.`;
      return `${subject} must have at ${small ? 'least' : 'most'} ${bound} entries.`;
    case 'number':
    case 'int':
    case 'bigint':
    case 'date':
      return `${subject} must be at ${small ? 'least' : 'most'} ${bound}.`;
    default:
      return `${subject} must be at ${small ? 'least' : 'most'} ${bound}.`;
  }
}

function plain(message: string): string {
  const text = message.replace(/\.$/, '');
  return /^[A-Z]/.test(text) ? `is not valid (${text})` : text;
}

function stepsOf(path: readonly PropertyKey[]): PathStep[] {
  return path.map((step) => (typeof step === 'symbol' ? step.toString() : step));
}

/**
 * What is wrong by the one shape that was meant: the others do not even begin like the value. Where
 * several may have been meant, what all of them are.
 */
function unionProblems(
  yaml: PositionedYaml,
  schema: z.ZodType,
  issue: Extract<Issue, { code: 'invalid_union' }>,
  prefix: readonly PathStep[],
): ConfigProblem[] {
  const path = [...prefix, ...stepsOf(issue.path)];
  if (issue.discriminator !== undefined && issue.errors.length === 0) {
    return [discriminatorProblem(yaml, issue, path)];
  }
  const meant = issue.errors.filter((issues) =>
    issues.every(({ code, path: at }) => at.length > 0 || !notThisShape.has(code)),
  );
  if (meant.length !== 1) {
    return [yaml.problem(path, `${pathText(path)} ${plain(issue.message)}.`)];
  }
  return meant[0]!.flatMap((inner) =>
    issueProblems(yaml, schema, { ...inner, path: [...issue.path, ...inner.path] }, prefix),
  );
}

/** What a value of another kind than the schema's is refused with. */
const notThisShape: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'too_big']);

/** No shape of the union has this type. */
function discriminatorProblem(
  yaml: PositionedYaml,
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: readonly PathStep[],
): ConfigProblem {
  const values = 'options' in issue ? (issue.options ?? []).map(String) : [];
  const written = valueIn(issue.input, String(path.at(-1)));
  const choice = `it must be one of ${values.join(', ')}`;
  if (written === undefined) return yaml.problem(path, `${pathText(path)} is missing: ${choice}.`);
  const near = typeof written === 'string' ? suggestion(written, values) : '';
  return yaml.problem(path, `${pathText(path)} is unknown: ${choice}.${near}`);
}

/** Keys that a schema knows at a place inside it, for a value that may tell which shape it has. */
function keysAt(schema: z.ZodType, path: readonly PathStep[], value: unknown): readonly string[] {
  const shapes = schemasAt(schema, path).flatMap((one) =>
    one instanceof z.ZodObject && isOfShape(one, value) ? [one] : [],
  );
  return [...new Set(shapes.flatMap(({ shape }) => Object.keys(shape)))];
}

/** Whether the fixed fields of a shape are the value's. */
function isOfShape({ shape }: z.ZodObject, value: unknown): boolean {
  return Object.entries(shape).every(([key, field]) => {
    const fixed = unwrapped(field);
    return (
      !(fixed instanceof z.ZodLiteral) || [...fixed.values].includes(valueIn(value, key) as never)
    );
  });
}

function valueIn(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** The schemas that may hold at a place inside one: several where there are unions on the way. */
function schemasAt(schema: z.ZodType, path: readonly PathStep[]): readonly unknown[] {
  let here = shapesOf(schema);
  for (const step of path) {
    here = here.flatMap((one) => {
      if (one instanceof z.ZodObject) return shapesOf(one.shape[String(step)]);
      if (one instanceof z.ZodArray) return shapesOf(one.element);
      if (one instanceof z.ZodRecord) return shapesOf(one.valueType);
      return [];
    });
  }
  return here;
}

function shapesOf(schema: unknown): readonly unknown[] {
  const bare = unwrapped(schema);
  // A discriminated union is one too.
  return bare instanceof z.ZodUnion ? bare.options.flatMap(shapesOf) : [bare];
}

function unwrapped(schema: unknown): unknown {
  let here = schema;
  while (
    here instanceof z.ZodDefault ||
    here instanceof z.ZodPrefault ||
    here instanceof z.ZodOptional ||
    here instanceof z.ZodNullable
  ) {
    here = here.unwrap();
  }
  return here;
}
