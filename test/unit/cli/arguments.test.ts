import { describe, expect, test } from 'vitest';
import { parseCommand } from '../../../src/cli/arguments.ts';
import { talkReport } from '../../../src/cli/talk-report.ts';

describe('the command line', () => {
  test.each([
    [[], { kind: 'help' }],
    [['help'], { kind: 'help' }],
    [['serve', '--help'], { kind: 'help' }],
    [['--version'], { kind: 'version' }],
    [['serve'], { kind: 'serve', configPath: null, host: null, port: null, recordWire: null }],
    [['serve', '--record-wire', 'd'], { kind: 'serve', recordWire: 'd' }],
    [
      ['serve', '--config', 'p.yaml', '--port', '0', '--host', '::1', '--workers', '1'],
      { kind: 'serve', configPath: 'p.yaml', host: '::1', port: 0 },
    ],
    [['check', '--config', 'p.yaml'], { kind: 'check', configPath: 'p.yaml' }],
    [
      ['talk', 'a.wav', '--agent', 'x', '--out', 'o.wav', '--json'],
      {
        kind: 'talk',
        file: 'a.wav',
        agent: 'x',
        out: 'o.wav',
        json: true,
        insecure: false,
        url: null,
        key: null,
      },
    ],
    [
      ['talk', '--url', 'wss://h', '--insecure', '--key', 'k', 'a.wav'],
      { kind: 'talk', file: 'a.wav', url: 'wss://h', insecure: true, key: 'k', json: false },
    ],
    [['models', 'list'], { kind: 'models', action: 'list' }],
    [['models', 'verify'], { kind: 'models', action: 'verify' }],
    [['models', 'pull', 'smart-turn'], { kind: 'pull', model: 'smart-turn', from: null, to: null }],
    [
      ['models', 'pull', 'smart-turn', '--from', 'http://h/m', '--to', 'd'],
      { kind: 'pull', model: 'smart-turn', from: 'http://h/m', to: 'd' },
    ],
    [['bench', 'ttfb', '--json'], { kind: 'not_yet' }],
  ])('%j', (args, command) => {
    expect(parseCommand(args)).toMatchObject(command);
  });

  test.each([
    [['fly'], /no command "fly"/],
    [['serve', '--port', 'x'], /--port/],
    [['serve', '--port', '65536'], /--port/],
    [['serve', '--workers', '2'], /refused for now: limits and metrics are kept per process/],
    [['serve', '--workers', '0'], /--workers/],
    [['serve', '--prot', '1'], /--prot/],
    [['serve', 'extra'], /extra/],
    [['talk'], /one WAV file/],
    [['talk', 'a.wav', 'b.wav'], /one WAV file/],
    [['models', 'train'], /list, pull or verify/],
    [['models', 'pull'], /one name/],
    [['models', 'pull', 'a', 'b'], /one name/],
    [['models', 'list', '--from', 'http://h'], /nothing more/],
  ])('%j makes no sense, and is told why', (args, message) => {
    const command = parseCommand(args);
    expect(command.kind).toBe('usage');
    if (command.kind === 'usage') expect(command.message).toMatch(message);
  });
});

test('a talk in words', () => {
  expect(
    talkReport({
      callId: 'call_1',
      agent: null,
      backend: 'parrot',
      turns: [
        {
          userEndMs: 1_000,
          firstPacketMs: 1_700,
          firstAudioMs: 1_740,
          interrupted: true,
          heardText: 'Yes.',
          userText: null,
          stages: {
            itemId: 'item_1',
            lineId: 'line_1',
            line: 1,
            speechEndAtMs: 1_010,
            silenceMs: 790.4,
            partsMs: {
              decided: 420.2,
              transcript: null,
              first_token: null,
              first_clause: null,
              first_synthesis: 300.2,
              first_audible: 10,
              first_heard: 60,
            },
            aheadMs: {},
            heardBy: 'clock',
          },
        },
      ],
      tools: [{ name: 'find_room', arguments: '{}', atMs: 2_100 }],
      handovers: [],
      spend: [],
      durationMs: 4_040,
      out: 'o.wav',
    }),
  ).toBe(
    [
      '4.0 s with the default agent on parrot (call_1)',
      'turn 1: first audio after 740 ms, interrupted — agent: "Yes."',
      '  silence 790 ms: decided 420 + first synthesis 300 + first audible 10 + first heard 60',
      'tool find_room called at 2.1 s',
      'recorded to o.wav (left = caller, right = agent)',
    ].join('\n'),
  );
});
