import { describe, expect, test } from 'vitest';
import { looseReferences } from '../../../src/server/config-references.ts';
import { problemText } from '../../../src/server/problems.ts';

function loose(text: string): { readonly problems: string[]; readonly warnings: string[] } {
  const { problems, warnings } = looseReferences(text, {
    env: { SET: 'x', EMPTY: ' ' },
    isThere: (kind, path) => path === `a ${kind}`,
    registeredTools: ['brought'],
    others: { onnx: { package: 'package' }, rehearsal: { script: 'file' } },
  });
  const texts = (list: typeof problems): string[] => list.map((it) => problemText('t', it));
  return { problems: texts(problems), warnings: texts(warnings) };
}

describe('references that lead nowhere', () => {
  test('are files, folders and packages: problems; and variables: warnings', () => {
    expect(
      loose(`backends:
  a: { type: onnx, package: nothing }
  b: { type: rehearsal, script: nothing.json }
  c: { type: hosted, apiKeyEnv: UNSET, modelFolder: none }
  d: { type: cascade, llm: { type: x, apiKeyFile: none }, tts: { type: onnx, package: none } }
  e: { type: hosted, apiKeyEnv: EMPTY }
agents:
  desk: { backends: [a], tools: [ { http: { headersEnv: { authorization: UNSET, other: SET } } } ] }
`),
    ).toEqual({
      problems: [
        't:2:29 backends.a.package: There is no package nothing.',
        't:3:33 backends.b.script: There is no file nothing.json.',
        't:4:53 backends.c.modelFolder: There is no folder none.',
        't:5:51 backends.d.llm.apiKeyFile: There is no file none.',
        't:5:87 backends.d.tts.package: There is no package none.',
      ],
      warnings: [
        't:4:33 backends.c.apiKeyEnv: The environment variable UNSET is not set here.',
        't:6:33 backends.e.apiKeyEnv: The environment variable EMPTY is not set here.',
        't:8:74 agents.desk.tools[0].http.headersEnv.authorization: The environment variable UNSET is not set here.',
      ],
    });
  });

  test('tools: variables, and names that no program brings; their schemas and headers say nothing', () => {
    const { problems, warnings } = loose(`agents:
  desk:
    tools:
      - { mcp: { url: 'https://x', bearerEnv: UNSET, headers: { someFile: x } } }
      - { mcp: { command: x, passEnv: [SET, UNSET], env: { A_File: x } } }
      - { name: brought }
      - { name: missing }
      - name: find
        parameters: { type: object, properties: { aFile: { type: string } } }
        http: { url: 'https://x' }
`);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      't:4:47 agents.desk.tools[0].mcp.bearerEnv: The environment variable UNSET is not set here.',
      't:5:45 agents.desk.tools[1].mcp.passEnv[1]: The environment variable UNSET is not set here.',
      't:7:17 agents.desk.tools[3].name: No program has registered a tool missing here; a tool of this file has http, mcp or builtin.',
    ]);
  });

  test('what is there is nothing to tell of, and a script in place is no path', () => {
    const text = `backends:
  a: { type: onnx, package: a package }
  b: { type: rehearsal, script: { turns: [] } }
  c: { type: hosted, apiKeyEnv: SET, otherFile: a file, someFolder: a folder, environment: UNSET }
`;
    expect(loose(text)).toEqual({ problems: [], warnings: [] });
    expect(loose('')).toEqual({ problems: [], warnings: [] });
  });
});
