import { writeFileSync } from 'node:fs';
import { schemaPath, schemaText } from './config-schema.ts';
import { documentsWithTable } from './documents.ts';

/** Writes what is generated from code into the documents that show it: `npm run docs`. */
for (const { path, is, shouldBe } of await documentsWithTable()) {
  if (is !== shouldBe) writeFileSync(path, shouldBe);
}
writeFileSync(schemaPath, await schemaText());
