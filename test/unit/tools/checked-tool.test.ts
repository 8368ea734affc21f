import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { isPublicAddress } from '../../../adapters/shared/public-address.ts';
import type { ToolInvocation, ToolPort } from '../../../src/ports/tool.ts';
import { checkedTool, schemaFault } from '../../../src/tools/checked-tool.ts';
import { canonicalJson, idempotencyKey } from '../../../src/tools/idempotency.ts';

const tool: ToolPort = {
  definition: {
    name: 'find_room',
    description: null,
    parameters: {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: {
        beds: { type: 'integer', minimum: 1 },
        view: { enum: ['lake', 'yard'] },
        guest: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      },
      required: ['beds'],
      additionalProperties: false,
    },
  },
  deadlineMs: 1000,
  run: ({ arguments: text }) => Promise.resolve(text),
};

function run(text: string): Promise<string> {
  const invocation = { arguments: text } as ToolInvocation;
  return checkedTool(tool).run(invocation, new AbortController().signal);
}

describe('arguments', () => {
  it('that fit go through', async () => {
    expect(await run('{"beds":2, "view":"lake"}')).toBe('{"beds":2,"view":"lake"}');
  });

  it.each([
    ['{}', '"beds" is missing.'],
    ['', '"beds" is missing.'],
    ['{"beds":"two"}', '"beds" must be integer.'],
    ['{"beds":0}', '"beds" must be >= 1.'],
    ['{"beds":1,"view":"sea"}', '"view" must be one of ["lake","yard"].'],
    ['{"beds":1,"guest":{}}', '"guest.name" is missing.'],
    ['{"beds":1,"bed":1}', '"bed" is not known.'],
    ['[]', 'its arguments must be a JSON object'],
    ['{"beds":', 'its arguments are not valid JSON'],
    [`{"beds":1,"view":"${'x'.repeat(70_000)}"}`, 'longer than 65536 characters'],
  ])('%s: the model is told which field, and what was expected', async (text, words) => {
    await expect(run(text)).rejects.toMatchObject({
      message: expect.stringContaining(words) as string,
      refused: true,
      retryable: false,
    });
  });

  it('of a schema that is none are found out when the configuration is read', () => {
    expect(schemaFault({ type: 'object' })).toBeNull();
    expect(schemaFault({ type: 'objekt' })).toContain('type');
  });
});

describe('an idempotency key', () => {
  const request = {
    callId: 'c',
    turnItemId: 't',
    name: 'n',
    arguments: '{"a":1,"b":[{"d":1,"c":2}]}',
  };

  it('is the same for the same request, however it is written, and another for any other', () => {
    const key = idempotencyKey(request);
    const again = { ...request, arguments: '{ "b": [{"c":2, "d":1}], "a": 1.0 }' };
    expect(idempotencyKey(again)).toBe(key);
    for (const other of [
      { ...request, callId: 'd' },
      { ...request, turnItemId: null },
      { ...request, name: 'm' },
      { ...request, arguments: '{"a":2,"b":[{"d":1,"c":2}]}' },
      { ...request, arguments: 'not JSON' },
    ]) {
      expect(idempotencyKey(other)).not.toBe(key);
    }
  });

  it('tells any two values apart, and no two writings of one', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (one, other) => {
        const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
        expect(canonicalJson(` ${a} `)).toBe(canonicalJson(a));
        const same = JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
        if (same) expect(canonicalJson(a)).toBe(canonicalJson(b));
        else if (typeof one !== 'object' || typeof other !== 'object') {
          expect(canonicalJson(a)).not.toBe(canonicalJson(b));
        }
      }),
    );
  });
});

describe('public addresses', () => {
  it('are no others', () => {
    for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '::ffff:8.8.8.8']) {
      expect(isPublicAddress(address)).toBe(true);
    }
    for (const address of ['', 'example.com', '127.1.2.3', '::', 'fe80::1%eth0', '::ffff:a00:1']) {
      expect(isPublicAddress(address)).toBe(false);
    }
  });

  it('hold none of the private networks, in whichever form they are written', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const privateV4 = fc.oneof(
      fc.tuple(fc.constant(10), byte, byte, byte),
      fc.tuple(fc.constant(127), byte, byte, byte),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
      fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
      fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
    );
    fc.assert(
      fc.property(privateV4, ([a, b, c, d]) => {
        const v4 = `${a}.${b}.${c}.${d}`;
        expect(isPublicAddress(v4)).toBe(false);
        expect(isPublicAddress(`::ffff:${v4}`)).toBe(false);
        expect(isPublicAddress(`64:ff9b::${v4}`)).toBe(false);
      }),
    );
  });
});
