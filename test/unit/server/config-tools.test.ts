import { describe, expect, it } from 'vitest';
import { readTools } from '../../../src/server/config-tools.ts';
import { PositionedYaml, problemText, type ConfigProblem } from '../../../src/server/problems.ts';
import type { ToolDeclaration } from '../../../src/ports/tool.ts';

function read(text: string): { tools: readonly ToolDeclaration[]; problems: readonly string[] } {
  const yaml = new PositionedYaml(text);
  const problems: ConfigProblem[] = [];
  const tools = readTools(yaml, [], yaml.toData() as readonly unknown[], problems);
  return { tools, problems: problems.map((problem) => problemText('t', problem)) };
}

describe("an agent's tools", () => {
  it('are read with everything that the file leaves out', () => {
    const { tools, problems } = read(`
- { name: find_room, http: { url: "https://x.example/rooms/{beds}", bearerEnv: TOKEN } }
- { mcp: { command: node, args: [server.js], only: [echo] }, deadlineMs: 3000, preamble: none }
- { mcp: { url: "https://x.example/mcp" }, allowPrivateAddresses: true }
- { builtin: transfer, choices: [billing] }
- { name: registered_one }
`);
    expect(problems).toEqual([]);
    expect(tools.map(({ kind }) => kind)).toEqual(['http', 'mcp', 'mcp', 'builtin', 'registered']);
    expect(tools[0]).toMatchObject({
      method: 'POST',
      bearerEnv: 'TOKEN',
      allowPrivateAddresses: false,
      deadlineMs: 20_000,
      manner: { mode: 'blocking', retries: 0, preamble: 'auto', fillers: 'auto', late: 'speak' },
    });
    expect(tools[1]).toMatchObject({ only: ['echo'], manner: { preamble: null } });
    expect(tools[2]).toMatchObject({ server: { type: 'http', allowPrivateAddresses: true } });
  });

  it.each([
    ['- { name: x, http: { url: "ftp://x" } }', 't:1:27', 'http:// or https://'],
    ['- { name: x, http: { url: "https://{host}/" } }', 't:1:27', 'path and query only'],
    ['- { name: x, http: { url: "https://u:p@x/" } }', 't:1:27', 'no user name'],
    ['- { name: x, http: { url: "https://x/", methd: GET } }', 't:1:41', '"methd" is not known'],
    [
      '- { name: x, http: { url: "https://x/", headers: { Authorization: "Bearer a" } } }',
      't:1:50',
      'use headersEnv or bearerEnv',
    ],
    ['- { name: x, http: { url: "https://x/" }, retries: 2 }', 't:1:52', 'idempotent: true'],
    [
      '- { name: x, http: { url: "https://x/" }, parameters: { type: objekt } }',
      't:1:55',
      'not a JSON schema',
    ],
    ['- { name: x, http: {}, mcp: {} }', 't:1:3', 'one of http and mcp'],
    ['- { mcp: { args: [] } }', 't:1:10', 'command'],
    ['- { builtin: hang_up }', 't:1:14', 'end_call'],
    ['- { name: a b }', 't:1:11', 'letters, digits'],
    ['- { name: a }\n- { name: a }', 't:2:3', 'already called "a"'],
  ])('%s: what is wrong is said with its place', (text, place, words) => {
    const { problems } = read(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.startsWith(`${place} `)).toBe(true);
    expect(problems[0]).toContain(words);
  });
});
