import { Closing } from './closing.ts';

/**
 * The vendor's messages are protocol buffers written as JSON: names in camelCase or snake_case,
 * `null` is the same as absent, 64-bit numbers may be strings, and an unknown name is an error.
 */
export type Shape =
  | { readonly kind: 'message'; readonly fields: Readonly<Record<string, Shape>> }
  | { readonly kind: 'map'; readonly of: Shape }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'enum'; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: 'later'; readonly shape: () => Shape }
  | { readonly kind: 'string' | 'bool' | 'int' | 'number' | 'bytes' | 'struct' | 'any' };

export const string: Shape = { kind: 'string' };
export const bool: Shape = { kind: 'bool' };
export const int: Shape = { kind: 'int' };
export const number: Shape = { kind: 'number' };
export const bytes: Shape = { kind: 'bytes' };
/** A JSON object of any content. */
export const struct: Shape = { kind: 'struct' };
export const any: Shape = { kind: 'any' };
export const list = (of: Shape): Shape => ({ kind: 'list', of });
export const map = (of: Shape): Shape => ({ kind: 'map', of });
export const oneOf = (name: string, values: readonly string[]): Shape => ({
  kind: 'enum',
  name,
  values,
});
export const message = (fields: Readonly<Record<string, Shape>>): Shape => ({
  kind: 'message',
  fields,
});

const typeNames = {
  string: 'TYPE_STRING',
  bool: 'TYPE_BOOL',
  int: 'TYPE_INT64',
  number: 'TYPE_DOUBLE',
  bytes: 'TYPE_BYTES',
  struct: 'type.googleapis.com/google.protobuf.Struct',
} as const;

/**
 * Reads a value by its shape.
 *
 * @param path of the value, in snake_case; empty for the whole message
 * @returns the value with camelCase names and without nulls
 * @throws Closing with 1007 and the vendor's words where it does not fit
 */
export function read(shape: Shape, value: unknown, path = ''): unknown {
  switch (shape.kind) {
    case 'any':
      return value;
    case 'later':
      return read(shape.shape(), value, path);
    case 'list':
      if (!Array.isArray(value)) throw misfit(path, 'list', value);
      return value.map((element, i) => read(shape.of, element, `${path}[${i}]`));
    case 'enum':
      if (typeof value === 'string' && shape.values.includes(value.toUpperCase())) return value;
      throw misfit(path, `type.googleapis.com/google.ai.generativelanguage.${shape.name}`, value);
    case 'map':
    case 'message':
      return readFields(shape, value, path);
    case 'string':
    case 'bool':
    case 'int':
    case 'number':
    case 'bytes':
    case 'struct':
      if (fits(shape.kind, value)) return value;
      throw misfit(path, typeNames[shape.kind], value);
  }
}

function readFields(
  shape: Shape & { readonly kind: 'map' | 'message' },
  value: unknown,
  path: string,
): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw misfit(path, 'message', value);
  const result: Record<string, unknown> = {};
  for (const [name, element] of Object.entries(value)) {
    const key = shape.kind === 'map' ? name : camelCase(name);
    const of = shape.kind === 'map' ? shape.of : own(shape.fields, key);
    if (of === undefined) {
      const place = path === '' ? '' : ` at '${path}'`;
      throw new Closing(
        1007,
        `Invalid JSON payload received. Unknown name "${name}"${place}: Cannot find field.`,
      );
    }
    if (element === null) continue;
    const inside = shape.kind === 'map' ? name : snakeCase(key);
    result[key] = read(of, element, path === '' ? inside : `${path}.${inside}`);
  }
  return result;
}

function fits(kind: keyof typeof typeNames, value: unknown): boolean {
  switch (kind) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return Number.isInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value));
    case 'number':
      return Number.isFinite(value);
    case 'bytes':
      return typeof value === 'string' && isBase64(value);
    case 'struct':
      return isObject(value);
  }
}

/** Standard or URL-safe, padded or not, as protocol buffers take it. */
function isBase64(text: string): boolean {
  const digits = text.endsWith('==') ? text.length - 2 : text.length - Number(text.endsWith('='));
  if (digits % 4 === 1) return false;
  return !/[^A-Za-z0-9+/_-]/.test(text.slice(0, digits));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(fields: Readonly<Record<string, Shape>>, name: string): Shape | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function misfit(path: string, type: string, value: unknown): Closing {
  return new Closing(1007, `Invalid value at '${path}' (${type}), ${JSON.stringify(value)}`);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
