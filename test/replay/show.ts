import { argv, stdout } from 'node:process';
import { decoded } from './decoded.ts';
import { readRecording } from './recording.ts';

// What Parley understands of a recording, one event a line: npx node test/replay/show.ts FILE

const [, , path] = argv;
if (path === undefined) throw new Error('which recording? npx node test/replay/show.ts FILE');
for (const event of decoded(readRecording(path))) stdout.write(`${JSON.stringify(event)}\n`);
